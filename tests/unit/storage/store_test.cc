// SPDX-License-Identifier: Apache-2.0
// Databases, tables, records, ids, views, durability and the directory's lock.
#include <sys/wait.h>
#include <unistd.h>

#include <rocksdb/db.h>

#include "storage/content_hash.h"
#include "storage/format.h"
#include "storage/key_codec.h"
#include "tests/unit/storage/store_fixture.h"

namespace freshet {
namespace {

class StoreTest : public StoreFixture {};

TEST_F(StoreTest, databases_and_tables_survive_a_reopen_in_name_order) {
  OpenItems();
  Expect(store_->CreateDatabase("archive"));
  ASSERT_TRUE(store_->CreateTable(JobId{}, "shop", "a", ItemsSchema(), false).ok());
  Reopen();
  const auto view = *store_->OpenView();
  EXPECT_EQ(view->Databases(), (std::vector<std::string>{"archive", "shop"}));
  const auto tables = view->Tables("shop");
  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0]->name, "a");
  EXPECT_FALSE(tables[0]->ready);
  EXPECT_EQ(tables[1]->owner, kJob);
  EXPECT_EQ(*tables[1]->schema, *ItemsSchema());
  EXPECT_TRUE(view->Tables("archive").empty());
}

TEST_F(StoreTest, names_are_taken_once_and_owned_tables_hold_their_database) {
  OpenItems();
  EXPECT_EQ(store_->CreateDatabase("shop").code(), Code::kExists);
  EXPECT_EQ(store_->CreateTable(kJob, "shop", "items", ItemsSchema(), true).code(), Code::kExists);
  EXPECT_EQ(store_->CreateTable(kJob, "nowhere", "items", ItemsSchema(), true).code(), Code::kNotFound);
  EXPECT_EQ(store_->DropDatabase("nowhere").code(), Code::kNotFound);
  EXPECT_EQ(store_->DropDatabase("shop").code(), Code::kConflict);
  Expect(store_->ReleaseTable(items_->id));
  Expect(store_->DropDatabase("shop"));
  EXPECT_EQ((*store_->OpenView())->FindTable("shop", "items"), nullptr);
}

TEST_F(StoreTest, a_table_made_again_after_a_drop_is_empty) {
  OpenItems();
  Write(1, Rows(ItemsSchema()).Insert({1, "x", 1}));
  Expect(store_->DropTable(items_->id));
  EXPECT_EQ(store_->DropTable(items_->id).code(), Code::kNotFound);
  ASSERT_TRUE(store_->CreateTable(kJob, "shop", "items", ItemsSchema(), true).ok());
  EXPECT_EQ(Items(), "");
}

TEST_F(StoreTest, releasing_a_table_of_a_job_in_pieces_shows_none_of_the_pieces) {
  OpenItems();
  Write(1, Rows(ItemsSchema()).Insert({1, "x", 1}));
  Expect(Apply(Rows(ItemsSchema()).Insert({2, "half", 2})));
  Commit(0, false);
  Expect(store_->ReleaseTable(items_->id));
  EXPECT_EQ(Items(), "1|x|1");
}

TEST_F(StoreTest, a_view_stays_as_it_was) {
  OpenItems();
  Write(1, Rows(ItemsSchema()).Insert({1, "x", 1}));
  const auto view = *store_->OpenView();
  Write(2, Rows(ItemsSchema()).Delete({1, Open{}, Open{}}));
  EXPECT_EQ(ReadAll(*view, *items_), "1|x|1");
  Expect(store_->DropTable(items_->id));
  EXPECT_EQ(ReadAll(*view, *items_), "1|x|1");
  EXPECT_EQ((*store_->OpenView())->FindTable("shop", "items"), nullptr);
}

TEST_F(StoreTest, records_are_scanned_in_key_order_by_prefix_both_ways) {
  OpenStore();
  const std::string high = "p\xFF";
  Expect(store_->PutRecords(std::vector<RecordWrite>{{RecordFamily::kLedger, "a", "0"},
                                                     {RecordFamily::kLedger, "p1", "1"},
                                                     {RecordFamily::kLedger, "p2", "2"},
                                                     {RecordFamily::kLedger, high, "3"},
                                                     {RecordFamily::kLedger, "q", "4"},
                                                     {RecordFamily::kJobs, "p1", "other family"}}));
  const auto values = [&](bool newest_first, size_t limit, std::string_view prefix = "p") {
    std::string text;
    const auto records = store_->ScanRecords(RecordFamily::kLedger, prefix, newest_first, limit);
    EXPECT_TRUE(records.ok());
    for (const auto& [key, value] : *records) text += value;
    return text;
  };
  EXPECT_EQ(values(false, 0), "123");
  EXPECT_EQ(values(true, 0), "321");
  EXPECT_EQ(values(true, 2), "32");
  EXPECT_EQ(values(false, 1), "1");
  EXPECT_EQ(values(true, 0, ""), "43210");
  EXPECT_EQ(values(true, 0, high), "3");
  Expect(store_->PutRecords(std::vector<RecordWrite>{{RecordFamily::kLedger, "p2", std::nullopt}}));
  EXPECT_EQ(values(false, 0), "13");
}

TEST_F(StoreTest, ids_grow_and_are_never_given_again) {
  OpenStore();
  uint64_t last = 0;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 70; ++i) {
      const auto id = store_->NextId();
      ASSERT_TRUE(id.ok());
      ASSERT_GT(*id, last);
      last = *id;
    }
    Reopen();
  }
}

TEST_F(StoreTest, commits_become_durable_by_themselves_and_on_demand) {
  OpenItems();
  Expect(Apply(Rows(ItemsSchema()).Insert({1, "x", 1})));
  const auto committed = writer_->Commit(At(1));
  ASSERT_TRUE(committed.ok());
  Expect(store_->WaitDurable(committed->commit, Deadline::After(std::chrono::seconds(10))));
  EXPECT_GE(store_->DurableCommit(), committed->commit);
  EXPECT_EQ(store_->WaitDurable(committed->commit + 1, Deadline::After(std::chrono::milliseconds(5))).code(),
            Code::kTimeout);
}

TEST_F(StoreTest, a_commit_is_not_called_durable_while_syncs_fail) {
  OpenItems();
  ArmFailpoints("storage.sync.before=error");
  Expect(Apply(Rows(ItemsSchema()).Insert({1, "x", 1})));
  const auto committed = writer_->Commit(At(1));
  ASSERT_TRUE(committed.ok());
  // Either the waiter meets the one failing sync, or it came before and the retry has made it durable.
  const Status first = store_->WaitDurable(committed->commit, Deadline::After(std::chrono::seconds(10)));
  if (!first.ok()) {
    EXPECT_EQ(first.code(), Code::kLocalIo);
    EXPECT_LT(store_->DurableCommit(), committed->commit);
  }
  ArmFailpoints("");
  Expect(store_->WaitDurable(committed->commit, Deadline::After(std::chrono::seconds(10))));
}

TEST_F(StoreTest, a_directory_in_use_is_refused_in_this_process_and_in_others) {
  OpenStore();
  StoreOptions options;
  options.directory = directory_;
  const auto again = Store::Open(options);
  EXPECT_EQ(again.code(), Code::kConflict);
  EXPECT_EQ(again.status().message(), "data directory " + directory_ + " is in use by another process");
}

TEST_F(StoreTest, a_store_of_a_newer_format_is_refused) {
  OpenStore();
  CloseStore();
  rocksdb::Options options;
  std::vector<std::string> names;
  ASSERT_TRUE(rocksdb::DB::ListColumnFamilies(options, directory_, &names).ok());
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const std::string& name : names) families.emplace_back(name, rocksdb::ColumnFamilyOptions());
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  ASSERT_TRUE(rocksdb::DB::Open(options, directory_, families, &handles, &db).ok());
  rocksdb::ColumnFamilyHandle* added = nullptr;
  ASSERT_TRUE(db->CreateColumnFamily(rocksdb::ColumnFamilyOptions(), "of a newer release", &added).ok());
  ASSERT_TRUE(db->Put(rocksdb::WriteOptions(), kFormatKey, std::to_string(kStoreFormatVersion + 1)).ok());
  handles.push_back(added);
  for (auto* handle : handles) db->DestroyColumnFamilyHandle(handle);
  delete db;
  StoreOptions store_options;
  store_options.directory = directory_;
  EXPECT_EQ(Store::Open(store_options).code(), Code::kUnsupported);
}

TEST_F(StoreTest, a_committed_unit_survives_a_kill) {
  OpenItems();
  CloseStore();
  const pid_t child = fork();
  if (child == 0) {
    OpenStore();
    Write(3, Rows(ItemsSchema()).Insert({1, "x", 1}));
    kill(getpid(), SIGKILL);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  OpenStore();
  EXPECT_EQ(Items(), "1|x|1");
  EXPECT_EQ(writer_->position(), At(3));
}

TEST_F(StoreTest, a_scan_reads_the_range_it_is_given) {
  OpenItems();
  Rows rows(ItemsSchema());
  for (int id = 0; id < 10; ++id) rows.Insert({id, "x", id});
  Write(1, rows);
  const auto key = [&](int64_t id) {
    std::string text;
    AppendTablePrefix(items_->id, text);
    EXPECT_TRUE(AppendKeyColumn(TypeOf(TypeKind::kInt64), Cell::Int(id), {}, text).ok());
    return text;
  };
  std::string end;
  AppendTablePrefix(TableId{items_->id.value + 1}, end);
  const auto ids = [&](KeyRange range) {
    std::string text;
    auto scan = (*store_->OpenView())->Scan(*items_, {0}, std::move(range));
    RowBlock block;
    while ((*scan)->Next(block, 4).ok() && block.rows > 0) {
      for (const Cell& cell : block.cells) text += std::to_string(cell.AsInt());
    }
    return text;
  };
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(ids({}), "0123456789");
    EXPECT_EQ(ids({key(3), key(7)}), "3456");
    EXPECT_EQ(ids({key(8), end}), "89");
    EXPECT_EQ(ids({"", key(2)}), "01");
    EXPECT_EQ(ids({key(7), key(3)}), "");
    EXPECT_EQ(ids({end, ""}), "");
    // Once more with rows that lie under another prefix than the table's id.
    Expect(writer_->TruncateTable(items_->id));
    Expect(Apply(rows));
    Commit(2);
  }
}

TEST_F(StoreTest, split_ranges_cover_every_row_once) {
  OpenItems();
  Rows rows(ItemsSchema());
  for (int id = 0; id < 20000; ++id) rows.Insert({id * 7, "some text to give the row a size", id});
  Write(1, rows);
  Reopen();  // into a file: of what is in memory the sizes are guessed from random towers
  const auto view = *store_->OpenView();
  EXPECT_GT(view->EstimateRows(*items_), 19'000u);
  EXPECT_LT(view->EstimateRows(*items_), 21'000u);
  const auto ranges = view->Split(*items_, 4);
  EXPECT_GT(ranges.size(), 1u);
  uint64_t total = 0;
  ContentHash sum;
  for (const KeyRange& range : ranges) {
    const auto part = HashTable(*view, *items_, range);
    ASSERT_TRUE(part.ok());
    total += part->rows();
    sum.Add(*part);
  }
  EXPECT_EQ(total, 20000u);
  EXPECT_EQ(sum, *HashTable(*view, *items_));
}

TEST_F(StoreTest, content_hash_is_of_the_rows_not_of_order_or_stored_version) {
  OpenItems();
  Write(1, Rows(ItemsSchema()).Insert({1, "x", 1}).Insert({2, "y", 2}));
  auto wider = ItemsSchema();
  wider->version = 2;
  wider->columns.push_back(ColumnOf(wider->next_column_id++, "c", TypeKind::kString));
  wider->columns.back().initial_default = "d";
  SchemaChange change;
  change.kind = SchemaChangeKind::kAlterTable;
  change.new_schema = wider;
  Expect(writer_->ApplySchemaChange(items_->id, change));
  Commit(2);
  const auto table = writer_->table(items_->id);
  const auto stored = HashTable(**store_->OpenView(), *table);
  ASSERT_TRUE(stored.ok());
  const auto read = EncodeChunk(*table, Rows(wider).Insert({2, "y", 2, "d"}).Insert({1, "x", 1, "d"}).batch());
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(HashRows(*table, *read)->hex(), stored->hex());
  const auto other = EncodeChunk(*table, Rows(wider).Insert({2, "y", 2, "d"}).Insert({1, "x", 1, Null{}}).batch());
  EXPECT_NE(HashRows(*table, *other)->hex(), stored->hex());
  const auto twice = EncodeChunk(*table, Rows(wider)
                                             .Insert({1, "x", 1, "d"})
                                             .Insert({1, "x", 1, "d"})
                                             .Insert({2, "y", 2, "d"})
                                             .Insert({1, "x", 1, "d"})
                                             .batch());
  EXPECT_NE(HashRows(*table, *twice)->hex(), stored->hex());
}

TEST_F(StoreTest, what_is_written_adds_up_to_the_tables_hash) {
  OpenItems();
  ContentHash written;
  ApplyOptions options;
  options.written = &written;
  Expect(writer_->ApplyRows(items_->id, Rows(ItemsSchema()).Insert({1, "x", 1}).Insert({2, "y", 2}).batch(), options));
  const auto chunk = EncodeChunk(*items_, Rows(ItemsSchema()).Insert({3, "z", 3}).batch());
  ASSERT_TRUE(chunk.ok());
  ASSERT_TRUE(writer_->ApplyChunk(*chunk, {}, nullptr, &written).ok());
  Commit(1);
  EXPECT_EQ(written, *HashTable(**store_->OpenView(), *items_));
  Expect(writer_->ApplyRows(items_->id, Rows(ItemsSchema()).Update({1, Open{}, 7}).Delete({2, Open{}, Open{}}).batch(),
                            options));
  Commit(2);
  EXPECT_EQ(written.rows(), 4u) << "the row that was updated counts again, the one that went does not";
}

TEST_F(StoreTest, usage_counts_what_was_written) {
  OpenItems();
  Write(1, Rows(ItemsSchema()).Insert({1, "x", 1}));
  const Store::Usage usage = store_->usage();
  EXPECT_GT(usage.memtable_bytes, 0u);
  EXPECT_GT(usage.disk_bytes, 0u);
}

}  // namespace
}  // namespace freshet
