// SPDX-License-Identifier: Apache-2.0
// Goal: the statement grammar, by texts and what they parse to (tests/data/sql/statements.txt).
#include "sql/statement.h"

#include <sstream>

#include "sql/insert_select.h"
#include "sql/token.h"
#include "tests/unit/sql/text_cases.h"

namespace freshet {
namespace {

std::string Text(const Properties& properties) {
  std::string text = "{";
  for (const auto& [key, value] : properties) text += (text.size() > 1 ? ", " : "") + key + ": " + value;
  return text + "}";
}

std::string Text(const InsertSelect& s) {
  std::string text = " INSERT [" + s.database + "] [" + s.table + "](";
  for (const std::string& column : s.columns) text += (text.back() == '(' ? "" : ", ") + column;
  return text + ") " + s.function + Text(s.arguments) + " [" + s.select + "]";
}

struct Printer {
  std::ostringstream out;
  void operator()(const Query& s) { out << "Query [" << s.sql << "]"; }
  void operator()(const CreateJob& s) {
    out << "CreateJob " << s.name << (s.if_not_exists ? " if_not_exists" : "") << " job=" << Text(s.job_properties)
        << " comment=[" << s.comment << "]";
    if (s.insert) {
      out << Text(*s.insert) << "\nshown: " << ShowInsert(*s.insert);
      return;
    }
    out << " " << (s.source == SourceKind::kMysql ? "MYSQL" : "POSTGRES") << Text(s.source_properties)
        << " to=" << s.target_database << Text(s.target_properties);
  }
  void operator()(const AlterJob& s) {
    out << "AlterJob " << s.name << " job=" << Text(s.job_properties);
    if (s.source) out << " " << (*s.source == SourceKind::kMysql ? "MYSQL" : "POSTGRES") << Text(s.source_properties);
    if (s.target_database) out << " to=" << *s.target_database << Text(s.target_properties);
    if (s.insert) out << Text(*s.insert);
  }
  void operator()(const AlterJobTables& s) {
    const char* names[] = {"ADD", "DROP", "RESYNC"};
    out << "AlterJobTables " << s.name << " " << names[static_cast<int>(s.action)];
    for (const std::string& table : s.tables) out << " [" << table << "]";
  }
  void operator()(const PauseJob& s) { out << "PauseJob " << s.name; }
  void operator()(const ResumeJob& s) { out << "ResumeJob " << s.name; }
  void operator()(const DropJob& s) { out << "DropJob " << s.name << (s.if_exists ? " if_exists" : ""); }
  void operator()(const SyncJob& s) { out << "SyncJob " << s.name << " " << s.timeout_s; }
  void operator()(const VerifyJob& s) { out << "VerifyJob " << s.name << " " << s.timeout_s; }
  void operator()(const ReplayQuarantine& s) { out << "ReplayQuarantine " << s.name << " [" << s.where << "]"; }
  void operator()(const CancelTask& s) { out << "CancelTask " << s.name; }
  void operator()(const CreateDatabase& s) {
    out << "CreateDatabase " << s.name << (s.if_not_exists ? " if_not_exists" : "");
  }
  void operator()(const CreateTable& s) {
    out << "CreateTable " << s.database << "." << s.name << (s.if_not_exists ? " if_not_exists" : "");
    if (s.like) out << " like " << s.like->schema << "." << s.like->name;
    for (const MysqlColumnDefinition& column : s.definition.columns) {
      out << " [" << column.name << " " << column.type.name << (column.primary_key ? " key" : "") << "]";
    }
    for (const ColumnExtra& extra : s.extras) {
      if (extra.type) out << " " << extra.column << "=" << extra.type_name;
      if (extra.default_now) out << " " << extra.column << "=now";
    }
    for (const std::string& key : s.unique_key) out << " key=" << key;
    out << " comment=[" << s.comment << "] options=[";
    for (const char c : s.options) out << (c == '\n' ? ';' : c);
    out << "]";
  }
  void operator()(const AlterTable& s) {
    out << "AlterTable " << s.database << "." << s.name << " clauses=" << s.clauses.size();
  }
  void operator()(const RenameTables& s) {
    out << "RenameTables";
    for (const auto& pair : s.pairs) out << " " << pair.from.name << "->" << pair.to.name;
  }
  void operator()(const TruncateTable& s) { out << "TruncateTable " << s.database << "." << s.name; }
  void Put(const WrittenValue& value) {
    const char* kinds[] = {"null", "default", "text", "number", "bytes", "expression"};
    out << kinds[static_cast<int>(value.kind)] << "<" << value.text << ">";
  }
  void operator()(const InsertRows& s) {
    out << "InsertRows " << s.database << "." << s.table << "(";
    for (const std::string& column : s.columns) out << column << " ";
    out << ")";
    for (const auto& row : s.values) {
      out << " (";
      for (const WrittenValue& value : row) Put(value);
      out << ")";
    }
    if (!s.select.empty()) out << " [" << s.select << "]";
  }
  void operator()(const UpdateRows& s) {
    out << "UpdateRows " << s.database << "." << s.table << " as=" << s.alias;
    for (const Assignment& assignment : s.assignments) {
      out << " " << assignment.column << "=";
      Put(assignment.value);
    }
    out << " [" << s.rest << "]";
  }
  void operator()(const DeleteRows& s) {
    out << "DeleteRows " << s.database << "." << s.table << " as=" << s.alias << " [" << s.rest << "]";
  }
  void operator()(const DropDatabase& s) { out << "DropDatabase " << s.name << (s.if_exists ? " if_exists" : ""); }
  void operator()(const DropTable& s) {
    out << "DropTable [" << s.database << "] [" << s.name << "]" << (s.if_exists ? " if_exists" : "");
  }
  void operator()(const UseDatabase& s) { out << "UseDatabase " << s.name; }
  void operator()(const SetVariables& s) { out << "SetVariables " << Text(s.assignments); }
  void operator()(const TransactionControl&) { out << "TransactionControl"; }
  void operator()(const ShowDatabases& s) { out << "ShowDatabases like=[" << s.like << "]"; }
  void operator()(const ShowTables& s) {
    out << "ShowTables [" << s.database << "] like=[" << s.like << "]" << (s.full ? " full" : "");
  }
  void operator()(const DescribeTable& s) {
    out << "DescribeTable [" << s.database << "] [" << s.name << "]" << (s.full ? " full" : "");
  }
  void operator()(const ShowCreateTable& s) { out << "ShowCreateTable [" << s.database << "] [" << s.name << "]"; }
  void operator()(const ShowCreateDatabase& s) { out << "ShowCreateDatabase " << s.name; }
  void operator()(const ShowVariables& s) {
    out << "ShowVariables like=[" << s.like << "]" << (s.status ? " status" : "");
  }
  void operator()(const ShowOther& s) {
    out << "ShowOther " << s.what << " [" << s.database << "] [" << s.name << "] like=[" << s.like << "]";
  }
};

TEST(StatementTest, texts_parse_to_what_the_file_says) {
  RunTextCases(std::string(FRESHET_SOURCE_DIR) + "/tests/data/sql/statements.txt", [](const std::string& sql) {
    const Result<Statement> statement = ParseStatement(sql);
    if (!statement.ok()) return std::string(CodeName(statement.code())) + ": " + statement.status().message();
    Printer printer;
    std::visit(printer, *statement);
    return printer.out.str();
  });
}

TEST(StatementTest, split_ignores_semicolons_in_strings_names_and_comments) {
  const auto parts = SplitStatements("SELECT ';'; /* ; */ SELECT `a;b` -- ;\n; ;SELECT \"x\\\";\"");
  ASSERT_EQ(parts.size(), 3u);
  EXPECT_EQ(parts[0], "SELECT ';'");
  EXPECT_EQ(parts[2], "SELECT \"x\\\";\"");
}

TEST(StatementTest, split_leaves_a_broken_text_whole_for_the_parser_to_report) {
  EXPECT_EQ(SplitStatements("SELECT 'a; SELECT 2").size(), 1u);
}

TEST(TokenTest, error_column_counts_characters_and_lines) {
  const auto tokens = Tokenize("SELECT 'ä',\n  'ö' 'broken");
  ASSERT_FALSE(tokens.ok());
  EXPECT_NE(tokens.status().message().find("line 2, column 7"), std::string::npos) << tokens.status().message();
}

TEST(TokenTest, string_escapes_are_those_of_mysql) {
  const auto tokens = Tokenize(R"('a\nb\'c''d\%e\\' "x""y" x'41' 0x4243 b'101')");
  ASSERT_TRUE(tokens.ok());
  EXPECT_EQ((*tokens)[0].value, "a\nb'c'd\\%e\\x\"y");
  EXPECT_EQ((*tokens)[1].value, "A");
  EXPECT_EQ((*tokens)[2].value, "BC");
  EXPECT_EQ((*tokens)[3].value, "101");
}

}  // namespace
}  // namespace freshet
