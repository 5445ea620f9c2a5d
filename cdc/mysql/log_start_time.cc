// SPDX-License-Identifier: Apache-2.0
#include "cdc/mysql/log_start_time.h"

#include "cdc/mysql/binlog_header.h"
#include "cdc/mysql/dump_stream.h"

namespace freshet {

namespace {

constexpr uint64_t kFirstEvent = 4;  // behind the file's magic bytes
// Reading the headers of one file means reading the file; it is at most 1 GiB by the server's settings, or one
// transaction.
constexpr std::chrono::minutes kScanMax{10};

class FileEvents {
 public:
  static Result<FileEvents> Open(const MysqlOptions& options, const std::string& file, uint32_t server_id) {
    DumpStart start;
    start.place.file = file;
    start.place.offset = kFirstEvent;
    start.server_id = server_id;
    ASSIGN_OR_RETURN(std::unique_ptr<PacketStream> stream, DumpStream::Open(options, start));
    return FileEvents(std::move(stream));
  }

  struct Event {
    BinlogHeader header;
    uint64_t begin = 0;  // in the file
    uint64_t end = 0;
  };
  // The next event that is in the file; kTimeout when the server sends none.
  Result<Event> Next(Deadline deadline) {
    while (true) {
      ASSIGN_OR_RETURN(const std::optional<std::string_view> packet, stream_->Read(deadline));
      if (!packet) return Status(Code::kTimeout, "reading the log for a start by time took too long");
      ASSIGN_OR_RETURN(const BinlogHeader header, ParseBinlogHeader(*packet));
      const bool in_file = (header.flags & kBinlogFlagArtificial) == 0 && header.next_position != 0 &&
                           header.type != BinlogEventType::kHeartbeat && header.type != BinlogEventType::kHeartbeatV2;
      if (!in_file) continue;
      // Positions in the header have 32 bits only, files may be larger. Events that replicas do not ask for are left
      // out of the stream, so that sizes alone do not add up.
      constexpr uint64_t kRound = uint64_t{1} << 32;
      uint64_t end = offset_ / kRound * kRound + header.next_position;
      if (end < offset_) end += kRound;
      offset_ = end;
      return Event{header, end - header.size, end};
    }
  }

 private:
  explicit FileEvents(std::unique_ptr<PacketStream> stream) : stream_(std::move(stream)) {}
  std::unique_ptr<PacketStream> stream_;
  uint64_t offset_ = kFirstEvent;  // end of the newest event
};

bool BeginsTransaction(BinlogEventType type) {
  return type == BinlogEventType::kGtid || type == BinlogEventType::kGtidTagged ||
         type == BinlogEventType::kAnonymousGtid || type == BinlogEventType::kMariadbGtid;
}

// When the file was begun, in seconds.
Result<int64_t> FileTime(const MysqlOptions& options, const LogTimeQuery& query, const std::string& file) {
  ASSIGN_OR_RETURN(FileEvents events, FileEvents::Open(options, file, query.server_id));
  ASSIGN_OR_RETURN(const FileEvents::Event first, events.Next(Deadline::After(kScanMax)));
  return int64_t{first.header.timestamp_s};
}

}  // namespace

Result<MysqlLogPlace> FindLogPlaceAt(const MysqlOptions& options, const LogTimeQuery& query) {
  const int64_t time_s = query.time_us / 1'000'000;
  ASSIGN_OR_RETURN(const int64_t oldest_s, FileTime(options, query, query.files.front()));
  if (oldest_s > time_s) {
    return Status(Code::kGone, "the log begins with " + query.files.front() +
                                   ", which is younger than the time to start at; use earliest");
  }
  // The newest file that was begun before the time; files behind the first one of an equal time are not needed.
  size_t low = 0;
  size_t high = query.files.size();
  while (high - low > 1) {
    const size_t middle = low + (high - low) / 2;
    ASSIGN_OR_RETURN(const int64_t begun_s, FileTime(options, query, query.files[middle]));
    (begun_s < time_s ? low : high) = middle;
  }
  const std::string& file = query.files[low];
  ASSIGN_OR_RETURN(FileEvents events, FileEvents::Open(options, file, query.server_id));
  const Deadline deadline = Deadline::After(kScanMax);
  uint64_t transaction = 0;  // offset of the open one
  while (true) {
    ASSIGN_OR_RETURN(const FileEvents::Event event, events.Next(deadline));
    MysqlLogPlace place;
    place.file = file;
    if (BeginsTransaction(event.header.type)) transaction = event.begin;
    if (transaction != 0 && event.header.timestamp_s >= time_s) {
      place.offset = transaction;
      return place;
    }
    place.offset = event.end;
    if (file == query.end.file && event.end >= query.end.offset) return query.end;
    const bool last = event.header.type == BinlogEventType::kRotate || event.header.type == BinlogEventType::kStop;
    if (!last || low + 1 == query.files.size()) continue;
    place.file = query.files[low + 1];
    place.offset = kFirstEvent;
    return place;
  }
}

}  // namespace freshet
