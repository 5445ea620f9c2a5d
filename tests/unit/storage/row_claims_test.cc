// SPDX-License-Identifier: Apache-2.0
// Rows that several jobs lay claim to: each job's log alone decides whether its claim is there, so that the order in
// which the jobs come to their changes makes no difference once all have caught up.
#include <algorithm>
#include <sstream>
#include <utility>

#include "storage/content_hash.h"
#include "tests/unit/storage/owned_rows_fixture.h"

namespace freshet {
namespace {

using std::chrono::milliseconds;

// Jobs by their letter: A and B follow a log, so does C, which tests drop; S loads once.
JobId JobOf(char letter) {
  return letter == 'A' ? JobId{7} : JobId{static_cast<uint64_t>(letter)};
}

class RowClaimsTest : public OwnedRowsFixture {
 protected:
  void SetUp() override {
    OwnedRowsFixture::SetUp();
    EnterAll();
  }
  void EnterAll() {
    for (const char letter : {'A', 'B', 'C'}) Enter(JobOf(letter));
    Enter(JobOf('S'), /*follows=*/false);
  }
  // One change of row `id`, of the source row 11 when not said: "+5" puts 5, "+5/12" of the source row 12, "-" removes.
  void Change(UnitWriter& writer, JobId job, int id, const std::string& change, bool takes_over = false) {
    const size_t slash = change.find('/');
    const uint64_t source = slash == std::string::npos ? 11 : std::stoull(change.substr(slash + 1));
    Rows rows = On();
    if (change[0] == '-') {
      rows.Delete({id, Open{}, Open{}});
    } else {
      rows.Insert({id, "row", std::stoi(change.substr(1))});
    }
    Expect(ApplyOwned(writer, job, rows, {source}, takes_over));
  }
  // Steps on row 1, each an actor and what it does: a job as above, or "!" for all its rows; U is a user, whose "=5" is
  // an UPDATE; "!C" drops C. `taking_over`: the jobs that do not know the rows from before their start.
  void Play(const std::string& steps, const std::string& taking_over = "") {
    std::istringstream words(steps);
    for (std::string word; words >> word;) {
      const char actor = word[0];
      const std::string change = word.substr(1);
      if (actor == '!') {
        Drop(JobOf(change[0]));
      } else if (actor == 'U') {
        Rows rows = On();
        if (change[0] == '-') rows.Delete({1, Open{}, Open{}});
        if (change[0] == '+') rows.Insert({1, "row", std::stoi(change.substr(1))});
        if (change[0] == '=') rows.Update({1, Open{}, std::stoi(change.substr(1))});
        WriteAsUser(rows);
      } else {
        AsJob(JobOf(actor), [&](UnitWriter& writer) {
          if (change == "!") {
            Expect(writer.DeleteOwnedRows(items_->id, 1u << 20));
          } else {
            Change(writer, JobOf(actor), 1, change, taking_over.find(actor) != std::string::npos);
          }
        });
      }
    }
  }
  // After which the table is empty and C is there again.
  std::string Played(const std::string& steps, const std::string& taking_over = "") {
    Play(steps, taking_over);
    std::string items = Items();
    if (!items.empty()) items = items.substr(items.rfind('|') + 1);
    WriteAsUser(On().Delete({1, Open{}, Open{}}));
    EnterAll();
    return items;
  }
};

struct Ending {
  const char* what;
  std::vector<std::string> of_a;
  std::vector<std::string> of_b;
  std::string row;  // "" none
};

TEST_F(RowClaimsTest, jobs_that_caught_up_agree_in_whatever_order_they_came) {
  const Ending endings[] = {
      {"it ends with B", {"+1", "-", "+3", "-"}, {"-", "+2", "-", "+4"}, "4"},
      {"it ends with A", {"+1", "-", "+3"}, {"-", "+2", "-"}, "3"},
      {"it ends with nobody", {"+1", "-", "+3", "-"}, {"-", "+2", "-"}, ""},
      {"it is changed where it is", {"+1", "+1", "-", "-"}, {"+2", "+2", "+5"}, "5"},
      {"its key passes to another source row of the same job", {"+1", "-", "+3/12", "-/11"}, {"+2/11", "-/11"}, "3"},
      {"the other source row takes the key before the first leaves it", {"+1", "+3/12", "-/11"}, {"+2", "-"}, "3"},
      {"it is another source row in the other job", {"+1", "-"}, {"+2/12", "+6/12"}, "6"},
  };
  int id = 0;
  for (const Ending& ending : endings) {
    for (const std::string taking_over : {"", "AB", "A", "B"}) {
      std::string order = std::string(ending.of_a.size(), 'A') + std::string(ending.of_b.size(), 'B');
      do {
        ++id;
        size_t at[2] = {0, 0};
        // Every other time neighbours of one job are one unit.
        for (size_t i = 0; i < order.size();) {
          const char letter = order[i];
          const bool takes_over = taking_over.find(letter) != std::string::npos;
          const auto& changes = letter == 'A' ? ending.of_a : ending.of_b;
          AsJob(JobOf(letter), [&](UnitWriter& writer) {
            do {
              Change(writer, JobOf(letter), id, changes[at[letter - 'A']++], takes_over);
              ++i;
            } while (id % 2 == 0 && i < order.size() && order[i] == letter);
          });
        }
        const std::string row = ending.row.empty() ? "" : std::to_string(id) + "|row|" + ending.row;
        ASSERT_EQ(Items(), row) << ending.what << ", in the order " << order << ", taking over: " << taking_over;
        WriteAsUser(On().Delete({id, Open{}, Open{}}));
      } while (std::next_permutation(order.begin(), order.end()));
    }
  }
}

TEST_F(RowClaimsTest, the_newest_claim_that_is_left_is_the_row) {
  const std::pair<const char*, const char*> plays[] = {
      // Two jobs.
      {"A+1 B+2", "2"},
      {"A+1 B+2 A-", "2"},
      {"A+1 B+2 B-", "1"},
      {"A+1 B+2 A+3 A-", "2"},
      {"A+1 B+2 A+3 A- B-", ""},
      {"A+1 B+2 A-/12", "2"},
      {"A+1 B+2 A-/12 B-", "1"},
      {"A+1 B+2 C+3 B- C-", "1"},
      {"A+1 B+2 C+3 A+4 A- C-", "2"},
      // Users.
      {"A+1 B+2 U=9", "9"},
      {"A+1 B+2 U=9 B-", "1"},
      {"A+1 B+2 U=9 A- B-", ""},
      {"A+1 B+2 U+9 B- A-", "9"},
      {"A+1 B+2 U+9 A+3 A-", ""},
      {"A+1 B+2 U- B- A-", ""},
      {"A+1 B+2 U- A+3 A-", ""},
      {"U+9 A-", "9"},
      {"U+9 A+1 B+2 B- A-", ""},
      // C is dropped: what it left is there until somebody takes it, and is never there again.
      {"A+1 C+2 !C A-", "2"},
      {"A+1 C+2 !C A+3", "3"},
      {"A+1 C+2 !C A+3 A-", ""},
      {"C+1 A+2 !C A-", ""},
      {"A+1 C+2 !C B+3 B-", "1"},
      {"A+1 B+2 C+3 !C A- B-", "3"},
      {"A+1 B+2 C+3 !C A+4 A-", "2"},
      {"B+1 C+2 A+3 !C A-", "1"},
      // TRUNCATE at the source, RESYNC TABLE.
      {"A+1 A!", ""},
      {"A+1 B+2 A!", "2"},
      {"A+1 B+2 A! B-", ""},
      {"A+1 B+2 B!", "1"},
      {"A+1/12 B+2 A+3/13 A!", "2"},
      {"C+1 A+2 !C A!", ""},
      {"U+9 A! B!", "9"},
      // A job that has ended keeps its claims until it is dropped.
      {"S+1 A+2 A-", "1"},
  };
  for (const auto& [steps, row] : plays) EXPECT_EQ(Played(steps), row) << steps;
}

TEST_F(RowClaimsTest, who_takes_over_leaves_the_claims_of_those_who_follow_a_log) {
  const std::pair<const char*, const char*> plays[] = {
      {"U+9 A-", ""},      {"U+9 A+1 A-", ""},    {"C+1 !C A-", ""},         {"C+1 !C A+2 A-", ""},
      {"S+1 A-", ""},      {"S+1 A+2 A-", ""},    {"B+1 A-", "1"},           {"B+1 A+2", "2"},
      {"B+1 A+2 A-", "1"}, {"A+1 B+2 A-", "2"},   {"A+1 B+2 A- B-", ""},     {"B+1 C+2 !C A-", "1"},
      {"B+1 S+2 A-", "1"}, {"A+1 A-/12", "1"},    {"A+1 B+2 A-/12 B-", "1"}, {"A+1 B+2 A!", "2"},
      {"U+9 A!", "9"},     {"B+1 A+2 B- A-", ""}, {"S+1 A+2 A!", ""},
  };
  for (const auto& [steps, row] : plays) EXPECT_EQ(Played(steps, "A"), row) << steps;
}

TEST_F(RowClaimsTest, an_older_claim_is_read_as_the_shape_of_now) {
  Play("A+1 B+2");
  auto next = std::make_shared<TableSchema>(*ItemsSchema());
  ++next->version;
  next->columns.push_back(ColumnOf(next->next_column_id++, "c", TypeKind::kString));
  next->columns.back().initial_default = "added";
  auto statement = *UnitWriter::OpenForStatement(*store_);
  Expect(statement->ApplySchemaChange(items_->id,
                                      {SchemaChangeKind::kAlterTable, ItemsSchema(), next, "", "ALTER TABLE"}));
  ASSERT_TRUE(statement->Commit(Position()).ok());
  AsJob(JobOf('B'), [&](UnitWriter& writer) {
    Expect(ApplyOwned(writer, JobOf('B'), Rows(next).Insert({1, "row", 3, "own"}), {11}));
  });
  EXPECT_EQ(Items(), "1|row|3|own");
  AsJob(JobOf('B'), [&](UnitWriter& writer) {
    Expect(ApplyOwned(writer, JobOf('B'), Rows(next).Delete({1, Open{}, Open{}, Open{}}), {11}));
  });
  EXPECT_EQ(Items(), "1|row|1|added");
}

TEST_F(RowClaimsTest, what_lies_below_shows_neither_in_hashes_nor_in_recorded_changes) {
  Play("A+1 B+2");
  const ContentHash claimed = *HashTable(**store_->OpenView(), *items_);
  StoredChanges changes;
  changes.whole_before = true;
  ApplyOptions options;
  options.changes = &changes;
  Expect(Apply(On().Delete({1, Open{}, Open{}}), options));
  ASSERT_EQ(changes.batch.rows.size(), 1u);
  EXPECT_EQ(changes.batch.Image(changes.batch.rows[0].before)[2].AsInt(), 2);
  Expect(writer_->Rollback());
  WriteAsUser(On().Insert({1, "row", 2}));
  EXPECT_EQ(*HashTable(**store_->OpenView(), *items_), claimed);
}

class ManyClaimsTest : public RowClaimsTest {
 protected:
  static constexpr int kRows = 300;
  void SetUp() override {
    RowClaimsTest::SetUp();
    WriteAll('A', 1);
  }
  Rows All(int value) const {
    Rows rows = On();
    for (int id = 1; id <= kRows; ++id) rows.Insert({id, "row", value});
    return rows;
  }
  Rows None() const {
    Rows rows = On();
    for (int id = 1; id <= kRows; ++id) rows.Delete({id, Open{}, Open{}});
    return rows;
  }
  static std::vector<uint64_t> Sources() { return std::vector<uint64_t>(kRows, 11); }
  void WriteAll(char job, int value) { Write(JobOf(job), All(value), Sources()); }
  std::string AllItems(int value) const {
    std::string items;
    for (int id = 1; id <= kRows; ++id) items += ";" + std::to_string(id) + "|row|" + std::to_string(value);
    return items.substr(1);
  }
};

TEST_F(ManyClaimsTest, a_unit_in_pieces_that_is_undone_leaves_all_claims_as_they_were) {
  for (const bool crash : {false, true}) {
    auto writer = *UnitWriter::Open(*store_, JobOf('B'));
    Expect(ApplyOwned(*writer, JobOf('B'), All(2), Sources()));
    ASSERT_TRUE(writer->Commit({}, /*complete=*/false).ok());
    Expect(ApplyOwned(*writer, JobOf('B'), None(), Sources()));
    ASSERT_TRUE(writer->Commit({}, /*complete=*/false).ok());
    Expect(ApplyOwned(*writer, JobOf('B'), All(3), Sources()));
    ASSERT_TRUE(writer->Commit({}, /*complete=*/false).ok());
    EXPECT_EQ(Items(), AllItems(1)) << "readers see nothing of it";
    if (!crash) Expect(writer->Rollback());
    writer.reset();
    if (crash) {
      Reopen();
      EnterAll();
    }
    EXPECT_EQ(Items(), AllItems(1));
    Write(JobOf('B'), None(), Sources());
    EXPECT_EQ(Items(), AllItems(1)) << "it has no claim";
  }
  Write(kJob, None(), Sources());
  EXPECT_EQ(Items(), "");
}

TEST_F(ManyClaimsTest, all_claims_of_a_job_go_in_pieces_and_a_crash_in_between_brings_them_back) {
  WriteAll('B', 2);
  Expect(writer_->DeleteOwnedRows(items_->id, /*piece_bytes_max=*/1000));
  Reopen();
  EnterAll();
  Write(JobOf('B'), None(), Sources());
  EXPECT_EQ(Items(), AllItems(1)) << "those of A are there still";
  WriteAll('B', 3);
  Expect(writer_->DeleteOwnedRows(items_->id, /*piece_bytes_max=*/1000));
  EXPECT_EQ(Items(), AllItems(3));
  ASSERT_TRUE(writer_->Commit(writer_->position()).ok());
  EXPECT_EQ(Items(), AllItems(3));
  Write(JobOf('B'), None(), Sources());
  EXPECT_EQ(Items(), "");
}

TEST_F(RowClaimsTest, a_job_that_is_made_while_anothers_unit_is_open_finds_the_rows_of_it) {
  for (const char letter : {'B', 'C', 'S'}) Drop(JobOf(letter));
  Change(*writer_, kJob, 1, "+1");  // alone: without a look at what is stored
  Enter(JobOf('B'));
  auto other = *UnitWriter::Open(*store_, JobOf('B'));
  EXPECT_EQ(other->Lease(items_->id, Deadline::After(milliseconds(0)), {}).code(), Code::kTimeout)
      << "its first row comes after those of the open unit";
  Commit(++lsn_);
  Change(*other, JobOf('B'), 1, "+2");
  ASSERT_TRUE(other->Commit(At(++lsn_)).ok());
  Play("A+3 A-");
  EXPECT_EQ(Items(), "1|row|2");
  Play("B-");
  EXPECT_EQ(Items(), "");
}

TEST_F(RowClaimsTest, a_unit_that_was_open_before_another_job_wrote_keeps_its_claim) {
  for (const char letter : {'B', 'C', 'S'}) Drop(JobOf(letter));
  Change(*writer_, kJob, 2, "+1");
  Expect(writer_->Rollback());
  Enter(JobOf('B'));
  Play("B+2");
  Change(*writer_, kJob, 1, "+1");
  Change(*writer_, kJob, 1, "-");
  Commit(++lsn_);
  EXPECT_EQ(Items(), "1|row|2");
}

}  // namespace
}  // namespace freshet
