// Secret with libsodium in the process.
#include <gtest/gtest.h>
#include <sodium.h>
#include <hub/secret.hpp>

#include <string>
#include <string_view>

namespace {

using hub::Secret;

TEST(SecretTest, LiesBetweenGuardPages) {
  ASSERT_GT(sodium_library_version_major(), 0);  // so that it is linked, whatever the linker drops
  Secret secret{std::string_view("0123456789abcdef")};
  const volatile char* end = secret.reveal().data() + 16;
  EXPECT_DEATH(static_cast<void>(*end), "");
}

TEST(SecretTest, KeepsItsBytesWhileItGrows) {
  Secret secret;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    const std::string more = std::to_string(i);
    secret.append(more);
    expected += more;
  }
  EXPECT_EQ(secret.reveal(), expected);
}

TEST(SecretTest, HasNothingAfterItWasMoved) {
  Secret from("value");
  const Secret to(std::move(from));
  EXPECT_EQ(to.reveal(), "value");
  EXPECT_TRUE(from.empty());
}

}  // namespace
