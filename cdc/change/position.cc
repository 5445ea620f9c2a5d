// SPDX-License-Identifier: Apache-2.0
#include "cdc/change/position.h"

#include <charconv>
#include <optional>

#include <nlohmann/json.hpp>

namespace freshet {
namespace {

using Json = nlohmann::ordered_json;

// Binlog names are base.NNNNNN; the number grows past six digits after 999999.
std::optional<uint64_t> FileNumber(std::string_view file) {
  const size_t dot = file.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(file.data() + dot + 1, file.data() + file.size(), number);
  if (error != std::errc() || end != file.data() + file.size()) return std::nullopt;
  return number;
}

bool FileCovers(const MysqlPosition& mine, const MysqlPosition& other) {
  const auto my_number = FileNumber(mine.file);
  const auto other_number = FileNumber(other.file);
  if (!my_number || !other_number) return mine.file == other.file && mine.offset >= other.offset;
  return *my_number != *other_number ? *my_number > *other_number : mine.offset >= other.offset;
}

bool MysqlCovers(const MysqlPosition& mine, const MysqlPosition& other) {
  if (!mine.gtids.empty() && !other.gtids.empty()) return mine.gtids.Contains(other.gtids);
  if (!mine.mariadb_gtids.empty() && !other.mariadb_gtids.empty()) {
    return mine.mariadb_gtids.Contains(other.mariadb_gtids);
  }
  if (other.file.empty()) return other.gtids.empty() && other.mariadb_gtids.empty();
  return FileCovers(mine, other);
}

// JSON numbers and numeric strings both count.
std::optional<uint64_t> UnsignedMember(const Json& json, const char* name) {
  const auto found = json.find(name);
  if (found == json.end()) return std::nullopt;
  if (found->is_number_unsigned()) return found->get<uint64_t>();
  if (!found->is_string()) return std::nullopt;
  const std::string text = found->get<std::string>();
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

Result<Position> ParsePostgres(const Json& json) {
  const auto lsn = UnsignedMember(json, "lsn");
  if (!lsn) return Status(Code::kInvalid, "Invalid format for offset: 'lsn' must be a decimal number");
  PostgresPosition position{*lsn, static_cast<uint32_t>(UnsignedMember(json, "xid").value_or(0)),
                            UnsignedMember(json, "systemId").value_or(0),
                            static_cast<uint32_t>(UnsignedMember(json, "timeline").value_or(0))};
  return Position{position};
}

Result<Position> ParseObject(const Json& json) {
  ObjectPosition position;
  if (!json["fileName"].is_string()) {
    return Status(Code::kInvalid, "Invalid format for offset: 'fileName' must be text");
  }
  position.file_name = json["fileName"].get<std::string>();
  if (json.contains("etag") && json["etag"].is_string()) position.etag = json["etag"].get<std::string>();
  position.task = UnsignedMember(json, "task").value_or(0);
  position.row = UnsignedMember(json, "row").value_or(0);
  return Position{position};
}

Status ParsePlace(const Json& json, MysqlLogPlace& position) {
  if (json.contains("gtids")) {
    if (!json["gtids"].is_string()) return Status(Code::kInvalid, "Invalid format for offset: 'gtids' must be text");
    const std::string text = json["gtids"].get<std::string>();
    if (text.find(':') != std::string::npos) {
      ASSIGN_OR_RETURN(position.gtids, MysqlGtidSet::Parse(text));
    } else {
      ASSIGN_OR_RETURN(position.mariadb_gtids, MariadbGtidSet::Parse(text));
    }
  }
  if (json.contains("file")) {
    const auto offset = UnsignedMember(json, "pos");
    if (!json["file"].is_string() || !offset) {
      return Status(Code::kInvalid, "Invalid format for offset: 'file' needs a number in 'pos'");
    }
    position.file = json["file"].get<std::string>();
    position.offset = *offset;
  }
  if (position == MysqlLogPlace()) {
    return Status(Code::kInvalid, R"(Invalid format for offset: needs "file" and "pos", "gtids", "lsn" or "fileName")");
  }
  return Status::Ok();
}

Result<Position> ParseMysql(const Json& json) {
  MysqlPosition position;
  TRY(ParsePlace(json, position));
  if (const auto again = json.find("readAgainFrom"); again != json.end()) {
    if (!again->is_object()) return Status(Code::kInvalid, "Invalid format for offset: 'readAgainFrom'");
    TRY(ParsePlace(*again, position.read_again_from.emplace()));
  }
  return Position{std::move(position)};
}

Json PlaceJson(const MysqlLogPlace& place) {
  Json json = Json::object();
  if (!place.file.empty()) {
    json["file"] = place.file;
    json["pos"] = std::to_string(place.offset);
  }
  if (!place.gtids.empty()) json["gtids"] = place.gtids.ToString();
  if (!place.mariadb_gtids.empty()) json["gtids"] = place.mariadb_gtids.ToString();
  return json;
}

}  // namespace

bool Position::Covers(const Position& other) const {
  if (other.empty()) return true;
  if (at.index() != other.at.index()) return false;
  if (const auto* mysql = std::get_if<MysqlPosition>(&at))
    return MysqlCovers(*mysql, std::get<MysqlPosition>(other.at));
  if (const auto* object = std::get_if<ObjectPosition>(&at)) {
    return object->task >= std::get<ObjectPosition>(other.at).task;
  }
  return std::get<PostgresPosition>(at).lsn >= std::get<PostgresPosition>(other.at).lsn;
}

std::string Position::ToJson() const {
  Json json = Json::object();
  if (const auto* mysql = std::get_if<MysqlPosition>(&at)) {
    json = PlaceJson(*mysql);
    if (mysql->read_again_from) json["readAgainFrom"] = PlaceJson(*mysql->read_again_from);
  } else if (const auto* postgres = std::get_if<PostgresPosition>(&at)) {
    json["lsn"] = std::to_string(postgres->lsn);
    if (postgres->xid != 0) json["xid"] = std::to_string(postgres->xid);
    if (postgres->system_id != 0) json["systemId"] = std::to_string(postgres->system_id);
    if (postgres->timeline != 0) json["timeline"] = std::to_string(postgres->timeline);
  } else if (const auto* object = std::get_if<ObjectPosition>(&at)) {
    json["fileName"] = object->file_name;
    if (!object->etag.empty()) json["etag"] = object->etag;
    if (object->task != 0) json["task"] = std::to_string(object->task);
    if (object->row != 0) json["row"] = std::to_string(object->row);
  }
  return json.empty() ? std::string() : json.dump();
}

Result<Position> Position::FromJson(std::string_view text) {
  if (text.empty()) return Position();
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return Status(Code::kInvalid, "Invalid format for offset: not a JSON object");
  if (json.contains("fileName")) return ParseObject(json);
  return json.contains("lsn") ? ParsePostgres(json) : ParseMysql(json);
}

}  // namespace freshet
