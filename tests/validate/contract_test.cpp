// docs/contract.md against what enforces it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <regex>

#include "validator.hpp"

namespace {

namespace fs = std::filesystem;

const fs::path kRoot = HUB_SOURCE_DIRECTORY;

/// The cells of each row that begins with a rule.
std::map<std::string, std::vector<std::string>> rules() {
  std::ifstream in(kRoot / "host-sdk/docs/contract.md");
  std::map<std::string, std::vector<std::string>> rows;
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("| HUB-")) continue;
    std::vector<std::string> cells;
    std::istringstream rest(line.substr(2));
    for (std::string cell; std::getline(rest, cell, '|');) {
      const auto end = cell.find_last_not_of(' ');
      cells.push_back(cell.substr(cell.find_first_not_of(' '), end + 1));
    }
    EXPECT_TRUE(rows.emplace(cells[0].substr(0, cells[0].find(' ')), cells).second) << line;
  }
  return rows;
}

/// "HUB-T-03" of "HUB-T-03.i".
std::string rule_of(const std::string& check) { return check.substr(0, check.find('.')); }

std::set<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::set<std::string> found;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), regex);
       at != std::sregex_iterator(); ++at) {
    found.insert(at->str());
  }
  return found;
}

TEST(Contract, HasARowForEachCheck) {
  const auto rows = rules();
  for (const auto& [check, unused] : validate({"--list"}).outcomes) {
    const auto row = rows.find(rule_of(check));
    ASSERT_NE(row, rows.end()) << check;
    EXPECT_THAT(row->second.back(), ::testing::HasSubstr("hub-validate")) << check;
  }
}

TEST(Contract, NamesHubValidateWhereThereIsACheck) {
  std::set<std::string> checked;
  for (const auto& [check, unused] : validate({"--list"}).outcomes) checked.insert(rule_of(check));
  for (const auto& [rule, cells] : rules()) {
    const bool is_named = cells.back().find("hub-validate") != std::string::npos;
    EXPECT_EQ(is_named, checked.contains(rule)) << rule;
  }
}

TEST(Contract, NamesTestsThatExist) {
  std::set<std::string> tests;
  for (const auto& each : fs::recursive_directory_iterator(kRoot / "tests"))
    tests.insert(each.path().stem().string());
  std::size_t named = 0;
  for (const auto& [rule, cells] : rules()) {
    for (const std::string& test : matches(cells.back(), "[a-z_]+_test")) {
      EXPECT_TRUE(tests.contains(test)) << rule << " names " << test;
      ++named;
    }
    if (rule.starts_with("HUB-L") || rule.starts_with("HUB-C")) {
      EXPECT_THAT(cells.back(), ::testing::AnyOf(::testing::HasSubstr("_test"),
                                                 ::testing::HasSubstr("hub-validate")))
          << rule;
    }
  }
  EXPECT_GT(named, 20U);
}

}  // namespace
