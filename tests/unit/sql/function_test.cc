// SPDX-License-Identifier: Apache-2.0
// Goal: MySQL's functions give MySQL's results (tests/data/sql/functions.txt; tests/e2e/test_functions.py asks a real
// server the same), and so do Doris' that MySQL lacks (functions_doris.txt).
#include "tests/unit/sql/sql_fixture.h"
#include "tests/unit/sql/text_cases.h"

namespace freshet {
namespace {

class FunctionTest : public SqlFixture {
 protected:
  void Run(const std::string& file) {
    RunTextCases(std::string(FRESHET_SOURCE_DIR) + "/tests/data/sql/" + file, [this](const std::string& expression) {
      const std::string answer = Ask("SELECT " + expression);
      return answer.substr(0, answer.find('\n'));
    });
  }
};

TEST_F(FunctionTest, mysql_functions_give_what_mysql_gives) {
  Run("functions.txt");
}

TEST_F(FunctionTest, doris_functions_give_what_doris_gives) {
  Run("functions_doris.txt");
}

}  // namespace
}  // namespace freshet
