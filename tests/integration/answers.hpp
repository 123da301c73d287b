// What a workspace answers, byte for byte, and what that becomes at the end of the whole way:
// sample-host, loader, plugin, TLS.
#pragma once

#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "integration/fixture.hpp"

namespace integration {

inline constexpr const char* kMint = "/api/2.0/token-management/on-behalf-of/tokens";
inline constexpr const char* kToken = "/api/2.0/token-management/tokens/*";
inline constexpr const char* kEverything = "/api/*";

struct Row {
  const char* name;
  Served served;
  const char* status;
  const char* reason;
  const char* retry;
  const char* effect;
  int code;
  const char* hint;  // part of it
  std::string message{};
};

class Answers : public HostTest {
 protected:
  void forget_slot() const {
    for (const char* file : {"slots.db", "slots.db-wal", "slots.db-shm"})
      std::filesystem::remove(path(file));
  }

  std::ptrdiff_t sent(const std::string& method) const {
    return std::ranges::count(methods(), method);
  }

  /// Each row meets a slot that nothing has happened to.
  void expect(const std::vector<std::string>& command, const std::vector<Row>& rows) const {
    for (const Row& row : rows) {
      SCOPED_TRACE(row.name);
      forget_slot();
      serve(row.served);
      const auto error = json(command, row.code)->getObject("error");
      EXPECT_EQ(error->getValue<std::string>("status"), row.status);
      EXPECT_EQ(error->optValue<std::string>("reason", ""), row.reason);
      EXPECT_EQ(error->getValue<std::string>("retry"), row.retry);
      EXPECT_EQ(error->getValue<std::string>("effect"), row.effect);
      EXPECT_EQ(error->getValue<int>("http_status"), row.served.status);
      EXPECT_THAT(error->optValue<std::string>("hint", ""), testing::HasSubstr(row.hint));
      EXPECT_THAT(
          error->getValue<std::string>("message"),
          testing::AllOf(testing::HasSubstr("answered " + std::to_string(row.served.status)),
                         testing::HasSubstr(row.message)));
    }
    workspace.clear_faults();
  }
};

inline std::string said(const std::string& code, const std::string& message) {
  return R"({"error_code":)" + code + R"(,"message":")" + message + R"("})";
}

}  // namespace integration
