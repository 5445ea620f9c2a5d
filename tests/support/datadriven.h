// SPDX-License-Identifier: Apache-2.0
// Text-driven tests: a file of commands with their inputs and expected outputs. Header only, for every part's
// tests. With FRESHET_REWRITE=1 in the environment the file is rewritten with what was seen; the diff is the
// review. One thread.
//
//   file    := (comment | blank | case)*
//   comment := "#" text                    between cases only
//   case    := command-line                "name argument..."
//              input-line* "----" expected-line* blank-or-end
//
// Neither an input nor an expected output holds a blank line: an expected one is written as ".".
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace freshet {

struct DataCase {
  std::string command;                 // first word of the command line
  std::vector<std::string> arguments;  // the rest
  std::string input;                   // lines joined by '\n', without a last one
  std::string expected;                // as input
  int line = 0;
};

// Runs every case of `path` through `run`, which returns the output. At least one case must be there.
inline void RunDataFile(const std::string& path, const std::function<std::string(const DataCase&)>& run) {
  std::ifstream file(path);
  ASSERT_TRUE(file.is_open()) << path;
  const char* rewrite_flag = std::getenv("FRESHET_REWRITE");
  const bool rewrite = rewrite_flag != nullptr && std::string(rewrite_flag) == "1";
  std::string rewritten;
  int cases = 0;
  int line_number = 0;
  std::string line;
  const auto append = [](std::string& text, const std::string& more) { text += text.empty() ? more : "\n" + more; };
  while (std::getline(file, line)) {
    ++line_number;
    if (line.empty() || line[0] == '#') {
      rewritten += line + "\n";
      continue;
    }
    DataCase data;
    data.line = line_number;
    rewritten += line + "\n";
    std::istringstream words(line);
    words >> data.command;
    for (std::string word; words >> word;) data.arguments.push_back(word);
    bool separated = false;
    while (std::getline(file, line) && ++line_number > 0) {
      if (line == "----") {
        separated = true;
        break;
      }
      append(data.input, line);
    }
    ASSERT_TRUE(separated) << path << ":" << data.line << ": no ---- after the input";
    while (std::getline(file, line) && ++line_number > 0 && !line.empty()) append(data.expected, line);
    const std::string seen = run(data);
    ++cases;
    if (!rewrite) {
      EXPECT_EQ(data.expected, seen) << path << ":" << data.line << "\n" << data.input;
    }
    if (!data.input.empty()) rewritten += data.input + "\n";
    rewritten += "----\n" + seen + (seen.empty() ? "\n" : "\n\n");
  }
  EXPECT_GT(cases, 0) << path;
  if (rewrite) {
    while (rewritten.ends_with("\n\n")) rewritten.pop_back();
    std::ofstream(path) << rewritten;
  }
}

}  // namespace freshet
