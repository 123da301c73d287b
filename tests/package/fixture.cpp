#include "fixture.hpp"

#include <chrono>
#include <stdexcept>
#include <string>

#include "support/process.hpp"

namespace {

// A little less than the tests' own limit.
constexpr std::chrono::seconds kPatience(290);

}  // namespace

void PackageFixture::SetUp() {
  if (HUB_INSTRUMENTED) GTEST_SKIP() << "what is instrumented is not what is packed";
}

std::string PackageFixture::run(const std::string& command, bool fails) const {
  const test_support::Finished finished =
      test_support::Process(
          {"/bin/sh", "-c", "cd '" + scratch_.path().string() + "' && exec 2>&1 && " + command},
          {"PATH=/usr/bin:/bin", "LC_ALL=C.UTF-8", "CMAKE_GENERATOR=Ninja", "CC=" HUB_CC,
           "CXX=" HUB_CXX},
          kPatience)
          .wait();
  if ((finished.code != 0) != fails)
    throw std::runtime_error(command + " ended with " + std::to_string(finished.code) + '\n' +
                             finished.out);
  return finished.out;
}
