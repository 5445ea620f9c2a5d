// SPDX-License-Identifier: Apache-2.0
#include "sync/object_plan.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <map>

#include "sync/object_records.h"

namespace freshet {
namespace {

class ListedObjects : public ObjectStore {
 public:
  std::map<std::string, ObjectInfo> objects;
  bool in_order = true;
  std::string last_visited;
  bool lists_in_order() const override { return in_order; }
  void Put(const std::string& key, const std::string& etag, uint64_t size = 1) { objects[key] = {key, etag, size, 0}; }
  Status List(const std::string& after, const std::function<bool(const ObjectInfo&)>& visit, StopToken) override {
    for (auto it = objects.upper_bound(after); it != objects.end(); ++it) {
      last_visited = it->first;
      if (!visit(it->second)) break;
    }
    return Status::Ok();
  }
  Status Fetch(const ObjectInfo&, const std::string&, StopToken) override {
    return Status(Code::kUnsupported, "planning reads no object");
  }
};

class ObjectPlanTest : public testing::Test {
 protected:
  void SetUp() override {
    directory_ = std::filesystem::temp_directory_path() / ("freshet-object-plan-" + std::to_string(getpid()));
    StoreOptions options;
    options.directory = directory_.string();
    options.memory_bytes = 16u << 20;
    Result<std::unique_ptr<Store>> store = Store::Open(options);
    ASSERT_TRUE(store.ok()) << store.status().ToString();
    store_ = std::move(store).value();
  }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(directory_);
  }
  void Forget(std::string_view after) {
    const Result<std::vector<RecordWrite>> deletions = ForgetObjects(*store_, kJob, after);
    ASSERT_TRUE(deletions.ok());
    ASSERT_TRUE(store_->PutRecords(*deletions).ok());
  }
  void MarkLoaded(const std::string& key, const std::string& etag) {
    ObjectRecord record;
    record.etag = etag;
    const RecordWrite write{RecordFamily::kJobs, ObjectRecordKey(kJob, key), EncodeObject(record)};
    ASSERT_TRUE(store_->PutRecords({&write, 1}).ok());
  }
  Result<ObjectPlan> Plan(std::string_view last_loaded = "") {
    return PlanObjects(objects_, *store_, kJob, rules_, last_loaded, {});
  }
  std::vector<std::string> DueKeys(std::string_view last_loaded = "") {
    const Result<ObjectPlan> plan = Plan(last_loaded);
    EXPECT_TRUE(plan.ok()) << plan.status().ToString();
    std::vector<std::string> keys;
    if (plan.ok()) {
      for (const ObjectInfo& object : plan->due) keys.push_back(object.key);
    }
    return keys;
  }

  static constexpr JobId kJob{7};
  std::filesystem::path directory_;
  std::unique_ptr<Store> store_;
  ListedObjects objects_;
  ObjectRules rules_;
};

using Keys = std::vector<std::string>;

TEST_F(ObjectPlanTest, AnObjectThatArrivesLateUnderASmallerNameIsDue) {
  objects_.Put("b.csv", "1");
  MarkLoaded("b.csv", "1");
  objects_.Put("a.csv", "2");
  EXPECT_EQ(DueKeys("b.csv"), Keys({"a.csv"}));
}

TEST_F(ObjectPlanTest, OrderedListTakesOnlyKeysGreaterThanTheLastLoaded) {
  rules_.mode = IngestionMode::kOrderedList;
  for (const char* key : {"a", "b", "c"}) objects_.Put(key, "1");
  EXPECT_EQ(DueKeys("b"), Keys({"c"}));
}

TEST_F(ObjectPlanTest, AnOrderedListIsReadToItsEndWhereTheOrderIsNotCertain) {
  for (const char* key : {"a", "b", "c", "d"}) objects_.Put(key, "1");
  rules_.mode = IngestionMode::kOrderedList;
  rules_.batch_files_max = 2;
  EXPECT_EQ(DueKeys(), Keys({"a", "b"}));
  EXPECT_EQ(objects_.last_visited, "c");
  objects_.in_order = false;
  const Result<ObjectPlan> plan = Plan();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->due.size(), 2u);
  EXPECT_FALSE(plan->listed_all);
  EXPECT_EQ(objects_.last_visited, "d") << "a later page may show that the keys are out of order";
}

TEST_F(ObjectPlanTest, AChangedObjectFollowsTheRule) {
  objects_.Put("a", "new");
  MarkLoaded("a", "old");
  const Result<ObjectPlan> refused = Plan();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.code(), Code::kInvalid);
  EXPECT_NE(refused.status().message().find("object a was loaded and has other content now"), std::string::npos);
  rules_.on_change = OnChange::kIgnore;
  EXPECT_EQ(DueKeys(), Keys());
  rules_.on_change = OnChange::kReload;
  EXPECT_EQ(DueKeys(), Keys({"a"}));
}

TEST_F(ObjectPlanTest, WhatIsDueBeforeAChangedObjectIsLoadedFirst) {
  objects_.Put("a", "1");
  objects_.Put("b", "new");
  MarkLoaded("b", "old");
  const Result<ObjectPlan> plan = Plan();
  ASSERT_TRUE(plan.ok());
  EXPECT_EQ(plan->due.size(), 1u);
  EXPECT_FALSE(plan->listed_all);
}

TEST_F(ObjectPlanTest, BatchesAreBoundedByFilesAndBytesAndALargeObjectComesAlone) {
  objects_.Put("a", "1", 10);
  objects_.Put("b", "1", 10);
  objects_.Put("c", "1", 1000);
  rules_.batch_files_max = 2;
  EXPECT_EQ(DueKeys(), Keys({"a", "b"}));
  rules_.batch_files_max = 256;
  rules_.batch_bytes_max = 15;
  EXPECT_EQ(DueKeys(), Keys({"a"}));
  MarkLoaded("a", "1");
  MarkLoaded("b", "1");
  const Result<ObjectPlan> last = Plan();
  ASSERT_TRUE(last.ok());
  ASSERT_EQ(last->due.size(), 1u);
  EXPECT_EQ(last->due.front().key, "c");
  EXPECT_TRUE(last->listed_all);
}

TEST_F(ObjectPlanTest, FolderMarkersAndObjectsBeforeTheStartAreNotDue) {
  objects_.Put("in/", "1", 0);
  objects_.Put("in/a", "1");
  objects_.Put("in/b", "1");
  rules_.start_after = "in/a";
  EXPECT_EQ(DueKeys(), Keys({"in/b"}));
  rules_.start_after = "";
  EXPECT_EQ(DueKeys(), Keys({"in/a", "in/b"}));
}

TEST_F(ObjectPlanTest, ForgottenObjectsAreDueAgain) {
  for (const char* key : {"a", "b", "c"}) {
    objects_.Put(key, "1");
    MarkLoaded(key, "1");
  }
  Forget("a");
  EXPECT_EQ(DueKeys(), Keys({"b", "c"}));
  Forget("");
  EXPECT_EQ(DueKeys(), Keys({"a", "b", "c"}));
}

TEST(ObjectRecord, RoundTrips) {
  ObjectRecord record{"\"e\"", 5, 4, 3, 1, 0, TaskId{9}, 77};
  const Result<ObjectRecord> read = DecodeObject(EncodeObject(record));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->etag, "\"e\"");
  EXPECT_EQ(read->bytes, 5u);
  EXPECT_EQ(read->rows_read, 4);
  EXPECT_EQ(read->rows_loaded, 3);
  EXPECT_EQ(read->rows_filtered, 1);
  EXPECT_EQ(read->task.value, 9u);
  EXPECT_EQ(read->loaded_us, 77);
  EXPECT_EQ(DecodeObject("{}").code(), Code::kCorrupt);
}

}  // namespace
}  // namespace freshet
