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

TEST(SecretTest, LiesBetweenGuardPagesAlsoWhereAnotherOneLayBefore) {
  const char* first = nullptr;
  {
    const Secret longer{std::string_view("0123456789abcdef")};
    first = longer.reveal().data();
  }
  const Secret shorter{std::string_view("01234567")};
  ASSERT_EQ(shorter.reveal().data(), first + 8);  // the same block, and as near to its end
  const volatile char* end = shorter.reveal().data() + 8;
  EXPECT_DEATH(static_cast<void>(*end), "");
}

TEST(SecretTest, LeavesNothingBehindInABlockThatIsUsedAgain) {
  { const Secret before{std::string_view("canary-0123456789abcdef")}; }
  Secret after;
  after.reserve(23);
  EXPECT_EQ(std::string_view(after.reveal().data(), 23), std::string_view(std::string(23, '\0')));
}

TEST(SecretTest, ForgetsItsBytesAndKeepsTheirRoom) {
  Secret secret{std::string_view("canary-0123456789abcdef")};
  const char* const bytes = secret.reveal().data();
  secret.clear();
  EXPECT_TRUE(secret.empty());
  EXPECT_EQ(std::string_view(bytes, 23), std::string_view(std::string(23, '\0')));
  secret.append("new");
  EXPECT_EQ(secret.reveal().data(), bytes);
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
