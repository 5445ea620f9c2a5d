// SPDX-License-Identifier: Apache-2.0
#include "storage/pending_rows.h"

#include "storage/database.h"

namespace freshet {
namespace {

// What a key costs beside its bytes, roughly: node, two strings.
constexpr size_t kEntryBytes = 128;

class Indexer : public rocksdb::WriteBatch::Handler {
 public:
  Indexer(PendingRows& rows, uint32_t family) : rows_(rows), family_(family) {}
  rocksdb::Status PutCF(uint32_t family, const rocksdb::Slice& key, const rocksdb::Slice& value) override {
    if (family == family_) rows_.Put(key.ToStringView(), value.ToStringView());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteCF(uint32_t family, const rocksdb::Slice& key) override {
    if (family == family_) rows_.Delete(key.ToStringView());
    return rocksdb::Status::OK();
  }
  rocksdb::Status DeleteRangeCF(uint32_t, const rocksdb::Slice&, const rocksdb::Slice&) override {
    return rocksdb::Status::OK();
  }

 private:
  PendingRows& rows_;
  const uint32_t family_;
};

}  // namespace

Status PendingRows::Build(const rocksdb::WriteBatch& batch, uint32_t rows_family) {
  Clear();
  Indexer indexer(*this, rows_family);
  TRY(ToStatus(batch.Iterate(&indexer)));
  active_ = true;
  return Status::Ok();
}

void PendingRows::Put(std::string_view key, std::string_view value) {
  Set(key, std::string(value));
}
void PendingRows::Delete(std::string_view key) {
  Set(key, std::nullopt);
}

void PendingRows::Set(std::string_view key, std::optional<std::string> value) {
  bytes_ += value ? value->size() : 0;
  if (const auto found = rows_.find(key); found != rows_.end()) {
    bytes_ -= found->second ? found->second->size() : 0;
    found->second = std::move(value);
    return;
  }
  bytes_ += key.size() + kEntryBytes;
  rows_.emplace(key, std::move(value));
}

const std::optional<std::string>* PendingRows::Find(std::string_view key) const {
  const auto found = rows_.find(key);
  return found == rows_.end() ? nullptr : &found->second;
}

void PendingRows::Clear() {
  rows_.clear();
  bytes_ = 0;
  active_ = false;
}

}  // namespace freshet
