// SPDX-License-Identifier: Apache-2.0
#include "sql/text_function.h"

#include "sql/text_values.h"

namespace freshet {

namespace {

constexpr std::string_view kNoValue = "?";

using ScalarFunction = DuckHandle<duckdb_scalar_function, duckdb_destroy_scalar_function>;

std::optional<std::string_view> Number(std::string_view text, std::string&) {
  return NumberText(text);
}

std::optional<std::string_view> Quoted(std::string_view text, std::string& buffer) {
  buffer.clear();
  QuoteJsonNumbers(text, buffer);
  return buffer;
}

std::optional<std::string_view> Clock(std::string_view text, std::string&) {
  return ClockText(text);
}

template <std::optional<std::string_view> (*convert)(std::string_view, std::string&)>
void Convert(duckdb_function_info, duckdb_data_chunk input, duckdb_vector output) {
  const duckdb_vector texts = duckdb_data_chunk_get_vector(input, 0);
  uint64_t* const given = duckdb_vector_get_validity(texts);
  auto* const values = static_cast<duckdb_string_t*>(duckdb_vector_get_data(texts));
  std::string buffer;
  for (idx_t row = 0; row < duckdb_data_chunk_get_size(input); ++row) {
    if (given != nullptr && !duckdb_validity_row_is_valid(given, row)) {
      duckdb_vector_ensure_validity_writable(output);
      duckdb_validity_set_row_invalid(duckdb_vector_get_validity(output), row);
      continue;
    }
    const std::string_view text(duckdb_string_t_data(&values[row]), duckdb_string_t_length(values[row]));
    const std::string_view made = convert(text, buffer).value_or(kNoValue);
    duckdb_vector_assign_string_element_len(output, row, made.data(), made.size());
  }
}

Status Register(duckdb_connection connection, const char* name, duckdb_scalar_function_t function) {
  const ScalarFunction scalar(duckdb_create_scalar_function());
  const DuckType text(duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR));
  duckdb_scalar_function_set_name(scalar.get(), name);
  duckdb_scalar_function_add_parameter(scalar.get(), text.get());
  duckdb_scalar_function_set_return_type(scalar.get(), text.get());
  duckdb_scalar_function_set_function(scalar.get(), function);
  if (duckdb_register_scalar_function(connection, scalar.get()) == DuckDBSuccess) return Status::Ok();
  return Status(Code::kInvalid, std::string("cannot register ") + name);
}

}  // namespace

Status RegisterTextFunctions(duckdb_connection connection) {
  TRY(Register(connection, "freshet_number", Convert<Number>));
  TRY(Register(connection, "freshet_quoted", Convert<Quoted>));
  TRY(Register(connection, "freshet_moment", Convert<MomentText>));
  return Register(connection, "freshet_clock", Convert<Clock>);
}

}  // namespace freshet
