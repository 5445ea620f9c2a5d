// SPDX-License-Identifier: Apache-2.0
// Rewriter: one pass over a query's tokens that writes DuckDB's SQL. Internal to the dialect bridge; the
// special function calls are in dialect_calls.cc, operators in dialect_operators.cc, the outermost SELECT in
// dialect_select.cc, the rest in dialect_rewriter.cc.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "sql/dialect.h"

namespace freshet {

bool IsAnyOf(const Token& token, std::initializer_list<std::string_view> words);
bool IsIntervalUnit(const Token& token);  // DAY, HOUR, ..

class Rewriter {
 public:
  Rewriter(std::string_view sql, const std::vector<Token>& tokens, const DialectContext& context)
      : sql_(sql), tokens_(tokens), context_(context) {}

  Result<std::string> Run();

 private:
  struct Range {
    size_t begin;
    size_t end;
    size_t size() const { return end - begin; }
  };
  // A Step writes what stands at `at` and says where to go on; its own place: it did nothing.

  Result<std::string> Rewrite(Range range);
  Result<size_t> Step(size_t at, size_t end, std::string& out);
  Result<size_t> StepWord(size_t at, size_t end, std::string& out);
  Result<size_t> StepSymbol(size_t at, size_t end, std::string& out);
  Result<size_t> StepOperatorWord(size_t at, size_t end, std::string& out);
  // dialect_operators.cc
  Result<size_t> StepLimit(size_t at, size_t end, std::string& out);
  Result<size_t> StepInterval(size_t at, size_t end, std::string& out);
  Result<size_t> StepRegexp(size_t at, size_t end, bool negated, std::string& out);
  Result<size_t> StepDiv(size_t at, size_t end, std::string& out);
  size_t SkipNoise(size_t at, size_t end) const;
  Result<std::string> SelectItem(Range item);
  bool HasBareAlias(Range item) const;
  // The HAVING of the outermost SELECT, from `at` on, when nothing groups its rows; end when there is none.
  size_t UngroupedHaving(size_t at, size_t end) const;
  Result<std::string> AroundHaving(std::string selected, size_t having, size_t end);
  bool NeedsAlias(Range item) const;

  // dialect_calls.cc: name ( arguments ), `at` at the name. Returns the text, or "" when the call passes through.
  Result<std::string> Call(size_t at, size_t close);
  Result<std::string> FileCall(size_t at, size_t close);
  Result<std::string> SystemTableCall(std::string_view name, size_t open, size_t close);
  Result<std::string> CastCall(const std::vector<Range>& arguments);
  Result<std::string> ConvertCall(const std::vector<Range>& arguments);
  Result<std::string> GroupConcatCall(Range inside);
  Result<std::string> DateArithmeticCall(const std::vector<Range>& arguments, char sign);
  Result<std::string> DateFormatCall(std::string_view name, const std::vector<Range>& arguments);
  Result<std::string> TimestampDiffCall(const std::vector<Range>& arguments);
  Result<std::string> TemplateCall(std::string_view text, const std::vector<Range>& arguments);
  Result<std::string> CastType(Range type) const;
  static std::string CastValue(const std::string& value, const std::string& sql_type, bool lenient);
  std::string CastText(const std::string& value, Range type, const std::string& sql_type, bool lenient) const;
  std::vector<Range> Arguments(size_t open, size_t close) const;

  // dialect_special_calls.cc: "" when it is none of them.
  Result<std::string> SpecialCall(std::string_view name, size_t at, const std::vector<Range>& arguments);
  Result<std::string> ExtremeCall(std::string_view name, const std::vector<Range>& arguments);
  Result<std::string> JsonBesideText(std::string_view name, const std::vector<Range>& arguments);
  Result<std::string> EltCall(const std::vector<Range>& arguments);
  Result<std::string> TrimCall(Range inside);
  Result<std::string> DateTruncCall(const std::vector<Range>& arguments);
  Result<std::string> AddInterval(Range date, char sign, const std::string& amount, std::string_view unit);
  Result<size_t> StepArrow(size_t at, size_t end, std::string& out);
  bool IsDate(Range value) const;  // by its form: a literal, CURDATE(), CAST(.. AS DATE), ..
  std::string SessionFact(std::string_view lower_name) const;

  Result<std::string> Literal(const Token& token) const;
  Result<std::string> Parameter(size_t at) const;
  Result<std::string> Variable(const Token& token) const;
  size_t CloseOf(size_t open) const;  // index of the matching ')', or of kEnd
  // Whether the string at `at` stands beside an arithmetic operator.
  bool IsOperand(size_t at, size_t end) const;
  // End of the operand that starts at `at`: a literal, a name with dots, a call or a group.
  size_t OperandEnd(size_t at, size_t end) const;
  void Append(size_t at, std::string_view text, std::string& out) const;
  bool IsCall(size_t at) const { return at + 1 < tokens_.size() && tokens_[at + 1].IsSymbol("("); }
  Status Refuse(size_t at, std::string_view what) const;

  const std::string_view sql_;
  const std::vector<Token>& tokens_;
  const DialectContext& context_;
  int depth_ = 0;  // of nested calls: bounds the recursion
};

}  // namespace freshet
