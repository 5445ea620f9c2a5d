// SPDX-License-Identifier: Apache-2.0
// Stored JSON form of a schema; members are only ever added:
//
//   schema := {"schema","table","version","next_column_id","columns":[column],"key":[index],"key_name",
//              "comment"?,"default_collation"?,"source_id"?,"create_options"?}
//   column := {"id","name","kind","precision"?,"scale"?,"length"?,"fixed"?,"labels"?,"nullable","excluded"?,
//              "generated"?,"initial_default"?,"insert_default"?,"insert_now"?,"source_type","collation"?,
//              "comment"?}
//
// "?" members are left out at their default. Text that is not UTF-8 (labels or defaults of a broken source)
// is kept byte for byte as {"hex":".."}.
#include "ddl/table_schema.h"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace freshet {
namespace {

using Json = nlohmann::json;

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) { return lower(x) == lower(y); });
}

// dump() throws on text that is not UTF-8; asking it is the validity check that cannot disagree with it.
bool IsUtf8(const std::string& text) {
  try {
    (void)Json(text).dump();
    return true;
  } catch (const Json::exception&) {
    return false;
  }
}

Json TextJson(const std::string& text) {
  if (IsUtf8(text)) return text;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (const char c : text) {
    hex += kDigits[static_cast<uint8_t>(c) >> 4];
    hex += kDigits[static_cast<uint8_t>(c) & 15];
  }
  return Json{{"hex", hex}};
}

std::string JsonText(const Json& json) {
  if (!json.is_object()) return json.get<std::string>();
  const std::string hex = json.at("hex").get<std::string>();
  std::string text;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    text += static_cast<char>(std::stoul(hex.substr(i, 2), nullptr, 16));
  }
  return text;
}

std::string TextMember(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found == json.end() ? std::string() : JsonText(*found);
}

Json ColumnJson(const Column& column) {
  const LogicalType& type = column.type;
  Json json{{"id", column.id},
            {"name", TextJson(column.name)},
            {"kind", static_cast<int>(type.kind)},
            {"nullable", column.nullable},
            {"source_type", TextJson(column.source_type)}};
  if (type.precision != 0) json["precision"] = type.precision;
  if (type.scale != 0) json["scale"] = type.scale;
  if (type.length != 0) json["length"] = type.length;
  if (type.fixed) json["fixed"] = true;
  if (type.labels) {
    json["labels"] = Json::array();
    for (const std::string& label : *type.labels) json["labels"].push_back(TextJson(label));
  }
  if (column.excluded) json["excluded"] = true;
  if (column.generated) json["generated"] = true;
  if (column.initial_default) json["initial_default"] = TextJson(*column.initial_default);
  if (column.insert_default) json["insert_default"] = TextJson(*column.insert_default);
  if (column.insert_now) json["insert_now"] = true;
  if (!column.collation.empty()) json["collation"] = TextJson(column.collation);
  if (!column.comment.empty()) json["comment"] = TextJson(column.comment);
  return json;
}

// Throws Json::exception; DecodeSchema catches.
Column ParseColumn(const Json& json) {
  Column column;
  column.id = json.at("id").get<uint32_t>();
  column.name = JsonText(json.at("name"));
  column.type.kind = static_cast<TypeKind>(json.at("kind").get<uint8_t>());
  column.type.precision = json.value("precision", uint16_t{0});
  column.type.scale = json.value("scale", uint16_t{0});
  column.type.length = json.value("length", uint32_t{0});
  column.type.fixed = json.value("fixed", false);
  if (json.contains("labels")) {
    Labels labels;
    for (const Json& label : json.at("labels")) labels.push_back(JsonText(label));
    column.type.labels = std::make_shared<const Labels>(std::move(labels));
  }
  column.nullable = json.value("nullable", true);
  column.excluded = json.value("excluded", false);
  column.generated = json.value("generated", false);
  if (json.contains("initial_default")) column.initial_default = JsonText(json.at("initial_default"));
  if (json.contains("insert_default")) column.insert_default = JsonText(json.at("insert_default"));
  column.insert_now = json.value("insert_now", false);
  column.source_type = TextMember(json, "source_type");
  column.collation = TextMember(json, "collation");
  column.comment = TextMember(json, "comment");
  return column;
}

TableSchema ParseSchema(const Json& json) {
  TableSchema schema;
  schema.name = {JsonText(json.at("schema")), JsonText(json.at("table"))};
  schema.version = json.value("version", uint32_t{1});
  schema.next_column_id = json.value("next_column_id", uint32_t{1});
  for (const Json& column : json.at("columns")) schema.columns.push_back(ParseColumn(column));
  schema.key_columns = json.at("key").get<std::vector<uint32_t>>();
  schema.key_name = TextMember(json, "key_name");
  schema.comment = TextMember(json, "comment");
  schema.default_collation = TextMember(json, "default_collation");
  schema.create_options = TextMember(json, "create_options");
  schema.source_id = json.value("source_id", uint64_t{0});
  return schema;
}

}  // namespace

std::optional<uint32_t> TableSchema::FindColumn(std::string_view column_name, bool ignore_case) const {
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (ignore_case ? EqualIgnoringCase(columns[i].name, column_name) : columns[i].name == column_name) return i;
  }
  return std::nullopt;
}

bool TableSchema::IsKey(uint32_t column_index) const {
  return std::find(key_columns.begin(), key_columns.end(), column_index) != key_columns.end();
}

std::string EncodeSchema(const TableSchema& schema) {
  Json json{{"schema", TextJson(schema.name.schema)},
            {"table", TextJson(schema.name.table)},
            {"version", schema.version},
            {"next_column_id", schema.next_column_id},
            {"columns", Json::array()},
            {"key", schema.key_columns},
            {"key_name", TextJson(schema.key_name)}};
  for (const Column& column : schema.columns) json["columns"].push_back(ColumnJson(column));
  if (!schema.comment.empty()) json["comment"] = TextJson(schema.comment);
  if (!schema.default_collation.empty()) json["default_collation"] = TextJson(schema.default_collation);
  if (!schema.create_options.empty()) json["create_options"] = TextJson(schema.create_options);
  if (schema.source_id != 0) json["source_id"] = schema.source_id;
  return json.dump();
}

Result<SchemaPtr> DecodeSchema(std::string_view text) {
  try {
    TableSchema schema = ParseSchema(Json::parse(text));
    for (const uint32_t key : schema.key_columns) {
      if (key >= schema.columns.size()) return Status(Code::kCorrupt, "stored schema: key column out of range");
    }
    return SchemaPtr(std::make_shared<const TableSchema>(std::move(schema)));
  } catch (const std::exception& error) {  // Json's own, and std::stoul on a damaged hex text
    return Status(Code::kCorrupt, std::string("stored schema: ") + error.what());
  }
}

}  // namespace freshet
