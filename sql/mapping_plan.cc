// SPDX-License-Identifier: Apache-2.0
#include "sql/mapping_plan.h"

#include <algorithm>
#include <array>
#include <set>

#include "sql/dialect.h"
#include "sql/insert_select.h"

namespace freshet {

namespace {

constexpr std::string_view kDeleteSign = "__DORIS_DELETE_SIGN__";

// Clauses of the outermost SELECT that need an end of the rows.
constexpr std::array<std::string_view, 13> kRefusedClauses = {"GROUP",   "HAVING", "ORDER",      "LIMIT",  "OFFSET",
                                                              "FETCH",   "UNION",  "INTERSECT",  "EXCEPT", "WINDOW",
                                                              "QUALIFY", "INTO",   "TABLESAMPLE"};

// Results that differ from call to call: a row's key made of them is not found again. The first ones need no
// parentheses.
constexpr size_t kVaryingWords = 8;
constexpr std::array<std::string_view, 28> kVaryingFunctions = {"current_timestamp",
                                                                "current_date",
                                                                "current_time",
                                                                "localtime",
                                                                "localtimestamp",
                                                                "utc_timestamp",
                                                                "utc_date",
                                                                "utc_time",
                                                                "now",
                                                                "sysdate",
                                                                "curdate",
                                                                "curtime",
                                                                "today",
                                                                "unix_timestamp",
                                                                "transaction_timestamp",
                                                                "get_current_timestamp",
                                                                "get_current_time",
                                                                "current_localtime",
                                                                "current_localtimestamp",
                                                                "age",
                                                                "random",
                                                                "rand",
                                                                "uuid",
                                                                "gen_random_uuid",
                                                                "uuidv4",
                                                                "uuidv7",
                                                                "nextval",
                                                                "currval"};

std::string QuoteMysqlName(std::string_view name) {
  std::string quoted = "`";
  for (const char c : name) {
    if (c == '`') quoted += '`';
    quoted += c;
  }
  return quoted + "`";
}

Status Refuse(std::string_view sql, size_t offset, std::string_view what) {
  const std::string place = SyntaxErrorAt(sql, offset, "").message();
  const size_t begin = std::string_view("syntax error ").size();
  return Status(Code::kUnsupported,
                std::string(what) + " (" + place.substr(begin, place.rfind(": expected") - begin) + " of the SELECT)");
}

// One pass over the tokens.
class Splitter {
 public:
  Splitter(std::string_view sql, const std::vector<Token>& tokens) : sql_(sql), tokens_(tokens) {}

  struct Range {
    size_t begin;
    size_t end;
  };
  std::vector<Range> items;  // token ranges of the select list, aliases included
  size_t from = 0;           // FROM of the outermost SELECT
  size_t source = 0;         // the token kSourceTable
  size_t source_end = 0;     // behind its alias
  std::string alias;         // kSourceTable when there is none
  bool has_lookups = false;

  Status Run() {
    if (!tokens_[0].Is("SELECT")) return Refuse(sql_, tokens_[0].begin, "a streaming job inserts a plain SELECT");
    int depth = 0;
    size_t item = tokens_.size() > 1 && tokens_[1].Is("ALL") ? 2 : 1;
    for (size_t i = 1; i + 1 < tokens_.size(); ++i) {
      const Token& token = tokens_[i];
      if (token.IsSymbol("(")) TRY(Enter(i, depth));
      if (token.IsSymbol(")")) --depth;
      TRY(Check(i, depth));
      if (from == 0 && depth == 0 && (token.IsSymbol(",") || token.Is("FROM"))) {
        if (item == i) return SyntaxErrorAt(sql_, token.begin, "an expression");
        items.push_back({item, i});
        item = i + 1;
        if (token.Is("FROM")) from = i;
      }
    }
    if (from == 0 || source == 0) return Status(Code::kInvalid, "the SELECT has no source");
    FindAlias();
    return Status::Ok();
  }

 private:
  Status Enter(size_t at, int& depth) {
    ++depth;
    if (tokens_[at + 1].Is("SELECT") || tokens_[at + 1].Is("WITH") || tokens_[at + 1].Is("VALUES") ||
        tokens_[at + 1].Is("FROM")) {
      has_lookups = true;
      subquery_depths_.insert(depth);
    }
    return Status::Ok();
  }

  Status Check(size_t at, int depth) {
    const Token& token = tokens_[at];
    while (!subquery_depths_.empty() && *subquery_depths_.rbegin() > depth) {
      subquery_depths_.erase(std::prev(subquery_depths_.end()));
    }
    if (token.kind == TokenKind::kParameter) return Refuse(sql_, token.begin, "parameters are not available in jobs");
    if (token.IsIdentifier() && EqualsIgnoreCase(token.value, kMappingFunction)) {
      return Refuse(sql_, token.begin, "the function is not for direct use");
    }
    if (token.IsIdentifier() && token.value == kSourceTable) source = at;
    if (!subquery_depths_.empty()) return Status::Ok();
    if (token.Is("OVER") && tokens_[at - 1].IsSymbol(")")) {
      return Refuse(sql_, token.begin, "window functions are not available over a stream, which has no end");
    }
    if (depth > 0) return Status::Ok();
    if (at == 1 && (token.Is("DISTINCT") || token.Is("DISTINCTROW"))) {
      return Refuse(sql_, token.begin, "DISTINCT is not available over a stream, which has no end");
    }
    if (from == 0) return Status::Ok();
    if (token.Is("JOIN") || (token.IsSymbol(",") && !in_where_)) has_lookups = true;
    TRY(CheckJoin(at));
    in_where_ = in_where_ || token.Is("WHERE");
    for (std::string_view clause : kRefusedClauses) {
      if (!token.Is(clause) || tokens_[at - 1].IsSymbol(".") || tokens_[at - 1].Is("AS")) continue;
      return Refuse(sql_, token.begin, std::string(clause) + " is not available over a stream, which has no end");
    }
    return Status::Ok();
  }

  // A row that no row of the source made has no place in a stream; columns that are not named cannot be traced.
  Status CheckJoin(size_t at) const {
    const Token& token = tokens_[at];
    if (tokens_[at + 1].IsSymbol("(") || tokens_[at - 1].IsSymbol(".") || tokens_[at - 1].Is("AS")) return Status::Ok();
    if (token.Is("NATURAL") || token.Is("POSITIONAL")) {
      return Refuse(sql_, token.begin, token.value + " JOIN; say ON or USING");
    }
    if (token.Is("RIGHT") || token.Is("FULL") || (token.Is("LEFT") && source == 0)) {
      return Refuse(sql_, token.begin, "an outer join that keeps rows of other tables than the source");
    }
    return Status::Ok();
  }

  void FindAlias() {
    alias = kSourceTable;
    source_end = source + 1;
    const bool as = tokens_[source_end].Is("AS");
    const Token& name = tokens_[source_end + (as ? 1 : 0)];
    static constexpr std::string_view kNoAlias[] = {"WHERE", "JOIN",    "LEFT",         "RIGHT", "INNER",
                                                    "CROSS", "NATURAL", "FULL",         "ON",    "SEMI",
                                                    "ANTI",  "ASOF",    "STRAIGHT_JOIN"};
    const bool keyword =
        std::any_of(std::begin(kNoAlias), std::end(kNoAlias), [&](std::string_view word) { return name.Is(word); });
    if (!name.IsIdentifier() || (keyword && !as)) return;
    alias = name.value;
    source_end += as ? 2 : 1;
  }

  const std::string_view sql_;
  const std::vector<Token>& tokens_;
  std::set<int> subquery_depths_;
  bool in_where_ = false;
};

// Where an item's expression ends: before "AS x", or before a bare alias.
size_t ExpressionEnd(const std::vector<Token>& tokens, Splitter::Range item) {
  int depth = 0;
  for (size_t i = item.begin; i < item.end; ++i) {
    if (tokens[i].IsSymbol("(")) ++depth;
    if (tokens[i].IsSymbol(")")) --depth;
    if (depth == 0 && tokens[i].Is("AS")) return i;
  }
  if (item.end - item.begin < 2) return item.end;
  const Token& last = tokens[item.end - 1];
  const Token& before = tokens[item.end - 2];
  static constexpr std::string_view kNotOperands[] = {"CASE",  "NOT",   "AND",     "OR",     "XOR",
                                                      "IS",    "DIV",   "MOD",     "LIKE",   "REGEXP",
                                                      "RLIKE", "ILIKE", "COLLATE", "BINARY", "TO"};
  const bool operator_before = std::any_of(std::begin(kNotOperands), std::end(kNotOperands),
                                           [&](std::string_view word) { return before.Is(word); });
  if (item.end - item.begin >= 3 && tokens[item.end - 3].Is("INTERVAL")) return item.end;  // INTERVAL 1 DAY
  const bool operand_before = (before.IsIdentifier() && !operator_before) || before.kind == TokenKind::kString ||
                              before.kind == TokenKind::kNumber || before.IsSymbol(")");
  const bool name =
      (last.IsIdentifier() && !last.Is("END") && !last.Is("NULL") && !last.Is("TRUE") && !last.Is("FALSE"));
  return name && operand_before ? item.end - 1 : item.end;
}

bool IsDeleteSign(const std::vector<Token>& tokens, Splitter::Range item) {
  const size_t end = ExpressionEnd(tokens, item);
  const bool qualified = end - item.begin == 3 && tokens[item.begin + 1].IsSymbol(".");
  return (end - item.begin == 1 || qualified) && EqualsIgnoreCase(tokens[end - 1].value, kDeleteSign);
}

bool WantsDeleteSign(const InsertSelect& insert) {
  for (const auto& [key, value] : insert.arguments) {
    if (EqualsIgnoreCase(key, "include_delete_sign")) return EqualsIgnoreCase(value, "true");
  }
  return false;
}

// Deletes are applied anyway: a sign that is both asked for and listed is taken out of both lists.
Status DropDeleteSign(const InsertSelect& insert, const std::vector<Token>& tokens, Splitter& split,
                      std::vector<std::string>& columns) {
  const auto column = std::find_if(columns.begin(), columns.end(),
                                   [](const std::string& name) { return EqualsIgnoreCase(name, kDeleteSign); });
  if (column == columns.end()) return Status::Ok();
  if (!WantsDeleteSign(insert)) {
    return Status(Code::kInvalid, std::string(kDeleteSign) + " needs \"include_delete_sign\" = \"true\" in cdc_stream");
  }
  const size_t place = static_cast<size_t>(column - columns.begin());
  if (place >= split.items.size() || !IsDeleteSign(tokens, split.items[place])) {
    return Status(Code::kInvalid, std::string(kDeleteSign) + " must stand at the same place in the SELECT list");
  }
  columns.erase(column);
  split.items.erase(split.items.begin() + static_cast<std::ptrdiff_t>(place));
  return Status::Ok();
}

std::string TextOf(std::string_view sql, const std::vector<Token>& tokens, size_t begin, size_t end) {
  if (begin >= end) return {};
  return std::string(sql.substr(tokens[begin].begin, tokens[end - 1].end - tokens[begin].begin));
}

}  // namespace

Result<std::string> MappingPlan::Rewrite(const std::string& mysql_text) const {
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(mysql_text));
  DialectContext context;
  context.database = database_;
  context.lenient_casts = options_.lenient_casts;
  return RewriteQuery(mysql_text, tokens, context);
}

Result<MappingPlan> MappingPlan::Make(const InsertSelect& insert, const std::vector<std::string>& columns,
                                      const PlanOptions& options) {
  const std::string& sql = insert.select;
  ASSIGN_OR_RETURN(const std::vector<Token> tokens, Tokenize(sql));
  Splitter split(sql, tokens);
  TRY(split.Run());
  MappingPlan plan;
  plan.database_ = insert.database;
  plan.options_ = options;
  plan.has_lookups_ = split.has_lookups;
  plan.target_columns_ = insert.columns;
  TRY(DropDeleteSign(insert, tokens, split, plan.target_columns_));
  plan.source_alias_ = split.alias;
  plan.alias_ = QuoteMysqlName(split.alias);
  plan.source_ = std::string(kMappingFunction) + "() AS " + plan.alias_;
  const std::string before = TextOf(sql, tokens, split.from, split.source);
  const std::string behind = TextOf(sql, tokens, split.source_end, tokens.size() - 1);
  plan.from_ = before + " " + plan.source_ + (behind.starts_with(",") ? "" : " ") + behind;
  const auto add_source_columns = [&] {
    plan.names_all_ = true;
    for (const std::string& column : columns) plan.items_.push_back({plan.alias_ + "." + QuoteMysqlName(column)});
  };
  for (const Splitter::Range& range : split.items) {
    const size_t end = ExpressionEnd(tokens, range);
    if (end - range.begin == 1 && tokens[range.begin].IsSymbol("*")) {
      if (plan.has_lookups_) {
        return Refuse(sql, tokens[range.begin].begin, "* beside other tables; write " + split.alias + ".*");
      }
      add_source_columns();
      continue;
    }
    if (tokens[range.begin].IsSymbol("*")) {
      return Refuse(sql, tokens[range.begin].begin, "modifiers of *");
    }
    const bool star = end - range.begin == 3 && tokens[end - 1].IsSymbol("*") && tokens[end - 2].IsSymbol(".");
    if (star && EqualsIgnoreCase(tokens[range.begin].value, split.alias)) {
      add_source_columns();
      continue;
    }
    Item item;
    item.text = TextOf(sql, tokens, range.begin, end);
    item.is_star = star;
    for (size_t i = range.begin; i < end; ++i) {
      item.reads_others = item.reads_others || tokens[i].Is("SELECT");
      for (size_t j = 0; j < kVaryingFunctions.size(); ++j) {
        const bool called = j < kVaryingWords || tokens[i + 1].IsSymbol("(");
        if (called && tokens[i].Is(kVaryingFunctions[j])) item.varying = kVaryingFunctions[j];
      }
    }
    plan.items_.push_back(std::move(item));
  }
  std::string list;
  for (const Item& item : plan.items_) list += ", " + item.text;
  ASSIGN_OR_RETURN(plan.select_,
                   plan.Rewrite("SELECT " + plan.alias_ + "." + std::string(kMappingRow) + list + " " + plan.from_));
  return plan;
}

Result<std::string> MappingPlan::SelectOfItem(size_t item) const {
  return Rewrite("SELECT " + items_[item].text + " " + from_);
}

Result<std::string> MappingPlan::SelectOfSource(const std::vector<size_t>& items) const {
  std::string list = alias_ + "." + kMappingRow;
  for (const size_t item : items) list += ", " + items_[item].text;
  return Rewrite("SELECT " + list + " FROM " + source_);
}

std::vector<uint32_t> MappingPlan::NamedColumns(const std::vector<std::string>& columns) const {
  std::set<std::string> words;
  const Result<std::vector<Token>> tokens = Tokenize(select_, true);
  CHECK(tokens.ok());  // the dialect bridge wrote it
  size_t whole = 0;    // the alias without a column behind it: once where it is given, again for a row as one value
  for (size_t i = 0; i + 1 < tokens->size(); ++i) {
    const Token& token = (*tokens)[i];
    if (!token.IsIdentifier()) continue;
    words.insert(ToLower(token.value));
    if (EqualsIgnoreCase(QuoteMysqlName(token.value), alias_) && !(*tokens)[i + 1].IsSymbol(".")) ++whole;
  }
  std::vector<uint32_t> named;
  for (uint32_t i = 0; i < columns.size(); ++i) {
    if (names_all_ || whole > 1 || words.contains(ToLower(columns[i]))) named.push_back(i);
  }
  return named;
}

}  // namespace freshet
