#include <gtest/gtest.h>
#include <hub/host.hpp>

#include <string>
#include <vector>

namespace {

using hub::Redactor;
using hub::Secret;

class RedactorTest : public ::testing::Test {
 protected:
  Redactor redactor_;
};

TEST_F(RedactorTest, LeavesTextAloneThatHoldsNoSecret) {
  redactor_.add(Secret("dapi0123"));
  EXPECT_EQ(redactor_.redact("nothing of dapi here"), "nothing of dapi here");
  EXPECT_EQ(redactor_.redact(""), "");
}

TEST_F(RedactorTest, MasksEachOccurrence) {
  redactor_.add(Secret("dapi0123"));
  EXPECT_EQ(redactor_.redact("dapi0123, then dapi0123."), "[redacted], then [redacted].");
}

TEST_F(RedactorTest, MasksBase64WhereverTheSecretBeginsInIt) {
  redactor_.add(Secret("secret-canary"));
  // base64 of "secret-canary", "u:secret-canary!" and "ab:secret-canary!!"
  EXPECT_EQ(redactor_.redact("c2VjcmV0LWNhbmFyeQ==").find("2VjcmV0LWNhbmF"), std::string::npos);
  EXPECT_EQ(redactor_.redact("dTpzZWNyZXQtY2FuYXJ5IQ=="), "dTp[redacted]IQ==");
  EXPECT_EQ(redactor_.redact("YWI6c2VjcmV0LWNhbmFyeSEh"), "YWI6[redacted]SEh");
}

TEST_F(RedactorTest, MasksBase64ForUrls) {
  redactor_.add(Secret("\xfb\xff\xfe\xfb\xff\xfe"));
  EXPECT_EQ(redactor_.redact("-__--__-"), "[redacted]");
  EXPECT_EQ(redactor_.redact("+//++//+"), "[redacted]");
}

TEST_F(RedactorTest, MasksPercentEncodingInEitherCase) {
  redactor_.add(Secret("pass/word="));
  EXPECT_EQ(redactor_.redact("a=pass%2Fword%3D&b"), "a=[redacted]&b");
  EXPECT_EQ(redactor_.redact("a=pass%2fword%3d&b"), "a=[redacted]&b");
}

TEST_F(RedactorTest, MasksWhatStandsEscapedInJson) {
  redactor_.add(Secret("pass\"wo/rd\\"));
  EXPECT_EQ(redactor_.redact(R"({"a": "pass\"wo/rd\\"})"), R"({"a": "[redacted]"})");
  EXPECT_EQ(redactor_.redact(R"({"a": "pass\"wo\/rd\\"})"), R"({"a": "[redacted]"})");
}

TEST_F(RedactorTest, MasksSecretsThatOverlapWithoutARest) {
  redactor_.add(Secret("abcdef"));
  redactor_.add(Secret("defghi"));
  EXPECT_EQ(redactor_.redact("xabcdefghiy"), "x[redacted]y");
}

TEST_F(RedactorTest, FindsEachOfThousandsOfSecretsWhateverTheirLength) {
  std::vector<std::string> secrets;
  for (int i = 0; i < 5000; ++i)
    secrets.push_back(std::string("dapi").append(static_cast<std::size_t>(i % 40), 'x') +
                      std::to_string(i) + "-end");
  for (const std::string& secret : secrets) redactor_.add(Secret(secret));
  for (const std::string& secret : secrets)
    ASSERT_EQ(redactor_.redact("<" + secret + ">"), "<[redacted]>");
}

TEST_F(RedactorTest, MasksTheLongerOfTwoSecretsThatBeginAlike) {
  redactor_.add(Secret("dapi0123456789abcdef"));
  redactor_.add(Secret("dapi0123"));
  redactor_.add(Secret("dapi0123456789abcdef-1"));
  EXPECT_EQ(redactor_.redact("dapi0123456789abcdef-12"), "[redacted]2");
}

TEST_F(RedactorTest, ASecretThatIsAFormOfAnotherBringsItsOwnForms) {
  redactor_.add(Secret("secret-canary"));
  redactor_.add(Secret("c2VjcmV0LWNhbmFyeQ"));
  // base64 of the second
  EXPECT_EQ(redactor_.redact("YzJWamNtVjBMV05oYm1GeWVR"), "[redacted]");
}

TEST_F(RedactorTest, ValuesOfFewerThanFourBytesAreLeft) {
  redactor_.add(Secret("abc"));
  redactor_.add(Secret(""));
  EXPECT_EQ(redactor_.redact("abc YWJj"), "abc YWJj");
}

}  // namespace
