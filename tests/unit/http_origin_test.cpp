// The origin of a workspace, as people paste it.
#include <gmock/gmock.h>

#include <string>
#include <utility>

#include "http/settings.hpp"

namespace {

using databricks_token::Origin;
using hub::Status;
using testing::HasSubstr;
using testing::Not;

TEST(OriginTest, ReadsWhatPeoplePaste) {
  const std::pair<const char*, const char*> cases[] = {
      {"https://Example.COM", "https://example.com:443"},
      {"HTTPS://example.com", "https://example.com:443"},
      {"example.com", "https://example.com:443"},
      {"example.com:8443", "https://example.com:8443"},
      {"https://example.com:8443/", "https://example.com:8443"},
      {"https://example.com/login.html?o=1#top", "https://example.com:443"},
      {"example.com?o=1", "https://example.com:443"},
      {"https://adb-1.2.azuredatabricks.net", "https://adb-1.2.azuredatabricks.net:443"},
      {"https://127.0.0.1:1", "https://127.0.0.1:1"},
      {"https://[::1]", "https://[::1]:443"},
      {"[0:0::1]:65535", "https://[::1]:65535"},
  };
  for (const auto& [url, text] : cases) {
    const auto origin = Origin::parse(url);
    ASSERT_TRUE(origin.ok()) << url << ": " << origin.error().message;
    EXPECT_EQ(origin->text(), text);
  }
}

TEST(OriginTest, RefusesWhatIsNotAnHttpsOriginAndDoesNotRepeatIt) {
  for (const std::string url : {"",
                                "https://",
                                "https:///path",
                                ":443",
                                "http://example.com",
                                "ftp://example.com",
                                "file:///etc/passwd",
                                "https://user:secret@example.com",
                                "user@example.com",
                                "https://example.com:",
                                "https://example.com:0",
                                "https://example.com:65536",
                                "https://example.com:-1",
                                "https://example.com:44 3",
                                "https://example.com:443x",
                                "https://exa\nmple.com",
                                " https://example.com",
                                "https://example.com\t",
                                "https://ex\x7fmple.com",
                                "https://b\xc3\xbc"
                                "cher.de",
                                "https://[::1",
                                "https://[example.com]",
                                "https://[fe80::1%eth0]",
                                "https://[::1]x",
                                "https://[::1]443",
                                "https://::1",
                                "https://exa%6dple.com",
                                "https://a\\b",
                                "https://a,b",
                                "https:example.com"}) {
    const auto origin = Origin::parse(url);
    ASSERT_FALSE(origin.ok()) << url << " gave " << origin->text();
    EXPECT_EQ(origin.error().status, Status::kInvalidArgument);
    EXPECT_EQ(origin.error().reason, "WORKSPACE_URL_INVALID");
    EXPECT_THAT(origin.error().message, Not(HasSubstr("secret")));
    EXPECT_THAT(origin.error().hint, HasSubstr("https://HOST"));
  }
}

TEST(OriginTest, RefusesANulByte) {
  EXPECT_FALSE(Origin::parse(std::string("https://example.com\0.evil.com", 28)).ok());
}

}  // namespace
