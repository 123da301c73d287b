// A directory with connectors of tests/zoo, and a host that keeps what it is told.
#pragma once

#include <gtest/gtest.h>
#include <hub/host.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A directory that is gone with this object; 0755, its files 0644, whatever the umask.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path make_directory(const std::string& name) const;
  std::filesystem::path write(const std::string& name, std::string_view content) const;

 private:
  std::filesystem::path path_;
};

class TestServices : public hub::HostServices {
 public:
  TestServices() : HostServices("test-host", "1.2.3") {}

  hub::Result<hub::Secret> credential(const std::string& reference) override;
  hub::SlotStore& slots() override { return *store; }
  void log(hub::LogLevel level, std::string_view connection, std::string_view message) override;

  /// "level connection: message" of each line, joined by newlines.
  std::string logged() const;

  std::map<std::string, std::string> credentials{{"env:ADMIN", "admin-canary/value+1"}};
  hub::testing::MemorySlotStore memory{[] { return std::int64_t{1'700'000'000'000}; }, "us"};
  hub::SlotStore* store = &memory;

 private:
  mutable std::mutex mutex_;
  std::string lines_;
};

class LoaderFixture : public ::testing::Test {
 protected:
  /// The zoo's library NAME in the directory, and a manifest beside it with its digest; the id is
  /// "zoo" but for talkative. `edit` changes the manifest's text.
  std::filesystem::path install(
      const std::string& name,
      const std::function<std::string(std::string)>& edit = [](std::string text) { return text; });

  /// `extra` stands in the configuration after auth.
  hub::ConnectionManifest connection(const std::string& extra = "");

  std::unique_ptr<hub::ConnectorLibrary> load(const std::filesystem::path& manifest) {
    return std::make_unique<hub::ConnectorLibrary>(services_, manifest);
  }

  TemporaryDirectory directory_;
  TestServices services_;
};

/// What `body` threw; a failure of the test if nothing.
std::optional<hub::Refused> refusal(const std::function<void()>& body);

/// Whether `body` is refused so, with a message that holds `text` and a hint that holds `hint`.
void expect_refused(const std::function<void()>& body, const std::string& reason,
                    const std::string& rule, const std::string& text, const std::string& hint);

std::string replaced(std::string text, const std::string& from, const std::string& to);
std::string sha256_of_file(const std::filesystem::path& file);
