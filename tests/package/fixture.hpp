// A directory to install into, and the commands that people run there.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "../unit/loader_fixture.hpp"

class PackageFixture : public ::testing::Test {
 protected:
  void SetUp() override;

  /// What a shell says to `command`, run in the scratch directory; both outputs in one. Throws
  /// std::runtime_error with them when it fails, or where `fails` wants that and it does not.
  std::string run(const std::string& command, bool fails = false) const;

  TemporaryDirectory scratch_;
};
