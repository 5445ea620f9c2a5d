// SPDX-License-Identifier: Apache-2.0
// Goal: local files are listed in byte order and copied whole, and nothing outside the root is ever seen. Method: a
// real directory with links that lead out of it.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "sync/s3/object_store.h"

namespace freshet {
namespace {

namespace fs = std::filesystem;

class LocalStoreTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    top_ = fs::temp_directory_path() / ("freshet_local_" + std::to_string(::getpid()) + "_" + test->name());
    fs::remove_all(top_);
    fs::create_directories(top_ / "root/d");
    Write("outside.csv", "secret");
  }
  void TearDown() override { fs::remove_all(top_); }

  void Write(const std::string& path, const std::string& text) {
    fs::create_directories((top_ / path).parent_path());
    std::ofstream(top_ / path, std::ios::binary) << text;
  }
  std::string root() const { return (top_ / "root").string(); }
  Result<std::unique_ptr<ObjectStore>> OpenStore(const std::string& uri) {
    Properties properties{{"uri", uri}};
    ASSIGN_OR_RETURN(const ObjectSource source, TakeObjectSource(properties, root()));
    return ObjectStore::Open(source);
  }
  // Keys with a space behind each; or the error.
  std::string List(const std::string& uri, const std::string& after = "", size_t limit = 1000) {
    Result<std::unique_ptr<ObjectStore>> store = OpenStore(uri);
    if (!store.ok()) return std::string(CodeName(store.code())) + ": " + store.status().message();
    std::string keys;
    size_t visited = 0;
    const Status status = (*store)->List(after,
                                         [&](const ObjectInfo& object) {
                                           keys += object.key + " ";
                                           last_ = object;
                                           return ++visited < limit;
                                         },
                                         {});
    return status.ok() ? keys : std::string(CodeName(status.code())) + ": " + status.message();
  }

  fs::path top_;
  ObjectInfo last_;
};

TEST_F(LocalStoreTest, keys_come_in_byte_order_across_directories) {
  for (const char* name : {"root/a/z.csv", "root/a.csv", "root/a-b.csv", "root/B.csv", "root/a/b/c.csv"})
    Write(name, "1");
  EXPECT_EQ(List("file:**.csv"), "B.csv a-b.csv a.csv a/b/c.csv a/z.csv ");
  EXPECT_EQ(List("file:*.csv"), "B.csv a-b.csv a.csv ");
  EXPECT_EQ(List("file:" + root() + "/a/*.csv"), "a/z.csv ");
  EXPECT_EQ(List("file://" + root() + "/a.csv"), "a.csv ");
}

TEST_F(LocalStoreTest, listing_goes_on_behind_a_key_and_ends_when_told) {
  for (const char* name : {"root/a.csv", "root/b/c.csv", "root/b/d.csv", "root/e.csv"}) Write(name, "1");
  EXPECT_EQ(List("file:**", "b/c.csv"), "b/d.csv e.csv ");
  EXPECT_EQ(List("file:**", "b/"), "b/c.csv b/d.csv e.csv ");
  EXPECT_EQ(List("file:**", "", 2), "a.csv b/c.csv ");
}

TEST_F(LocalStoreTest, nothing_outside_the_root_is_seen) {
  fs::create_symlink(top_ / "outside.csv", top_ / "root/link.csv");
  fs::create_directory_symlink(top_, top_ / "root/up");
  for (const char* uri : {"file:link.csv", "file:l*.csv", "file:up/outside.csv", "file:up/*"}) {
    const std::string listed = List(uri);
    EXPECT_TRUE(listed.starts_with("INVALID") && listed.find("leads out") != std::string::npos)
        << uri << ": " << listed;
  }
  EXPECT_NE(List("file:d/../../outside.csv").find("'..'"), std::string::npos);
  EXPECT_NE(List("file:" + (top_ / "outside.csv").string()).find("not below"), std::string::npos);
  EXPECT_NE(List("file:" + root() + "2/a").find("not below"), std::string::npos);
}

TEST_F(LocalStoreTest, a_link_that_stays_inside_is_followed) {
  Write("root/d/a.csv", "1");
  fs::create_symlink(top_ / "root/d/a.csv", top_ / "root/b.csv");
  EXPECT_EQ(List("file:*.csv"), "b.csv ");
}

TEST_F(LocalStoreTest, a_missing_directory_is_an_error_and_a_missing_file_an_empty_list) {
  EXPECT_TRUE(List("file:none/*.csv").starts_with("NOT_FOUND")) << List("file:none/*.csv");
  EXPECT_EQ(List("file:d/*.csv"), "");
}

TEST_F(LocalStoreTest, fetch_copies_and_notices_changes) {
  Write("root/a.csv", "1,2\n");
  ASSERT_EQ(List("file:a.csv"), "a.csv ");
  EXPECT_EQ(last_.size, 4u);
  const std::unique_ptr<ObjectStore> store = *OpenStore("file:a.csv");
  const std::string copy = (top_ / "copy").string();
  ASSERT_TRUE(store->Fetch(last_, copy, {}).ok());
  std::string text;
  std::getline(std::ifstream(copy), text);
  EXPECT_EQ(text, "1,2");
  EXPECT_EQ(store->Fetch(last_, copy, {}).code(), Code::kLocalIo);  // a new file, never one that is there
  Write("root/a.csv", "1,3,4\n");
  EXPECT_EQ(store->Fetch(last_, copy + "2", {}).code(), Code::kConflict);
  EXPECT_FALSE(fs::exists(copy + "2"));
  fs::remove(top_ / "root/a.csv");
  EXPECT_EQ(store->Fetch(last_, copy + "2", {}).code(), Code::kNotFound);
}

}  // namespace
}  // namespace freshet
