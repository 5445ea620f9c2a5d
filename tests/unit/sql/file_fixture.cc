// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sql/file_fixture.h"

#include <zlib.h>
#include <zstd.h>

#include <fstream>

#include "sql/duckdb_handle.h"

namespace freshet {

void FileFixture::SetUp() {
  SqlFixture::SetUp();
  std::filesystem::create_directories(directory_ / "files");
  SqlEngineOptions options;
  options.readable_directories = {(directory_ / "files").string()};
  Result<std::unique_ptr<SqlEngine>> engine = SqlEngine::Make(*store_, options);
  ASSERT_TRUE(engine.ok()) << engine.status().ToString();
  files_engine_ = *std::move(engine);
}

Status FileFixture::ReadAll(const std::function<void(const FileRows&)>& visit) {
  FileReader::Options options;
  options.path = path();
  options.shown_name = "s3://b/f";
  options.format = format_;
  options.expected = expected_;
  options.set_malformed_aside = set_malformed_aside_;
  malformed_.clear();
  ASSIGN_OR_RETURN(const std::unique_ptr<FileReader> reader, FileReader::Open(*files_engine_, std::move(options)));
  columns_ = reader->columns();
  while (true) {
    ASSIGN_OR_RETURN(const FileRows* rows, reader->Next({}));
    header_ = reader->header();
    for (const MalformedRecord& record : reader->TakeMalformed()) {
      malformed_ += std::to_string(record.line) + ": " + record.reason + " [" + record.text + "]" +
                    (record.is_utf8 ? "" : "!") + "\n";
    }
    if (rows == nullptr) return Status::Ok();
    visit(*rows);
  }
}

std::string FileFixture::ForEachBatch(const std::string& bytes, const std::function<void(const FileRows&)>& visit) {
  std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  const Status status = ReadAll(visit);
  return status.ok() ? "" : std::string(CodeName(status.code())) + ": " + status.message() + "\n";
}

std::string FileFixture::Read(const std::string& bytes) {
  if (!bytes.empty() || !std::filesystem::exists(path()) || format_.kind != FileKind::kParquet) {
    std::ofstream(path(), std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string rows;
  const Status status = ReadAll([&rows](const FileRows& batch) {
    for (size_t i = 0; i < batch.rows(); ++i) rows += batch.RowAsJson(i) + "\n";
  });
  return status.ok() ? rows : std::string(CodeName(status.code())) + ": " + status.message() + "\n";
}

void FileFixture::WriteWithDuckDb(const std::string& sql) {
  DuckDatabase database;
  ASSERT_EQ(duckdb_open(nullptr, database.out()), DuckDBSuccess);
  DuckConnection connection;
  ASSERT_EQ(duckdb_connect(database.get(), connection.out()), DuckDBSuccess);
  const Status status = RunSql(connection.get(), sql);
  ASSERT_TRUE(status.ok()) << status.ToString();
}

std::string FileFixture::Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string FileFixture::Zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

}  // namespace freshet
