#include "store_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sample_host {
namespace {

// ---- Sealing ----

TEST_F(StoreTest, NoFileHoldsAValueInClear) {
  const std::uint64_t fence = begin();
  rotate(fence, kCanary);
  EXPECT_EQ(bytes().find(kCanary), std::string::npos);
  EXPECT_NE(bytes().find(look().id), std::string::npos) << "or these are the wrong files";
  rotate(fence, "two");
  restart();
  EXPECT_EQ(bytes().find(kCanary), std::string::npos);
}

TEST_F(StoreTest, WhatWasDroppedIsOverwritten) {
  const std::uint64_t fence = begin();
  const std::uint64_t one = rotate(fence, kCanary);
  rotate(fence, "two");
  const std::string hex = ask("SELECT hex(sealed) FROM version WHERE id = 1");
  std::string sealed;
  for (std::size_t at = 0; at < hex.size(); at += 2) {
    sealed.push_back(static_cast<char>(std::stoi(hex.substr(at, 2), nullptr, 16)));
  }
  ASSERT_GT(sealed.size(), 40U);
  EXPECT_NE(bytes().find(sealed), std::string::npos);
  EXPECT_OK(store().drop(kSlot, fence, one, {}));
  restart();
  EXPECT_EQ(bytes().find(sealed), std::string::npos);
}

TEST_F(StoreTest, TheSameValueIsSealedDifferentlyEachTime) {
  const std::uint64_t fence = begin();
  rotate(fence, "same");
  rotate(fence, "same");
  EXPECT_EQ(ask("SELECT CAST(COUNT(DISTINCT sealed) AS TEXT) FROM version"), "2");
}

TEST_F(StoreTest, AChangedValueIsDataLossAndNoValue) {
  rotate(begin(), "one");
  tamper(
      "UPDATE version SET sealed = CAST(substr(sealed, 1, length(sealed) - 1) || "
      "CASE substr(sealed, -1) WHEN x'78' THEN 'y' ELSE 'x' END AS BLOB)");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
  tamper("UPDATE version SET sealed = x'00'");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
}

TEST_F(StoreTest, AValueThatWasMovedToAnotherVersionDoesNotOpen) {
  const std::uint64_t fence = begin();
  rotate(fence, "one");
  rotate(fence, "two");
  tamper("UPDATE version SET sealed = (SELECT sealed FROM version WHERE id = 1) WHERE id = 2");
  expect_error(store().current(kSlot), Status::kDataLoss, "VERSION_UNUSABLE");
}

TEST_F(StoreTest, AValueThatWasMovedToAnotherSlotDoesNotOpen) {
  rotate(begin(), "one");
  const auto other = store().begin("other", 75s);
  const Secret value("other");
  const auto version = store().stage("other", other->fence, &value, {}, {});
  tamper(
      "UPDATE version SET sealed = (SELECT sealed FROM version WHERE role = 'current')"
      " WHERE role = 'pending'");
  expect_error(store().read("other", other->fence, *version), Status::kDataLoss,
               "VERSION_UNUSABLE");
}

// ---- The files ----

TEST_F(StoreTest, AllFilesArePrivateWhateverTheUmask) {
  for (const mode_t mask : {0U, 022U, 077U, 0277U}) {
    const mode_t before = ::umask(mask);
    rotate(begin(), "one");
    int files = 0;
    for (const auto& each : fs::directory_iterator(directory_)) {
      struct stat found {};
      ASSERT_EQ(::stat(each.path().c_str(), &found), 0);
      EXPECT_EQ(found.st_mode & 07777U, 0600U) << each.path() << " under umask " << mask;
      ++files;
    }
    EXPECT_EQ(files, 4) << "database, -wal, -shm, key";
    restart();
    fs::remove(file_);
    fs::remove(key_file_);
    ::umask(before);
  }
}

TEST_F(StoreTest, AStoreWithoutItsKeyFileIsRefusedAndGetsNoNewOne) {
  rotate(begin(), "one");
  restart();
  fs::rename(key_file_, directory_ / "kept");
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_KEY_MISSING");
  EXPECT_NE(error.message.find(key_file_.string()), std::string::npos);
  EXPECT_NE(error.message.find(file_.string()), std::string::npos);
  EXPECT_FALSE(fs::exists(key_file_));
  fs::rename(directory_ / "kept", key_file_);
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
}

TEST_F(StoreTest, AnotherStoresKeyIsToldApartFromTampering) {
  rotate(begin(), "one");
  restart();
  std::ofstream(key_file_) << std::string(32, 'k');
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_KEY_WRONG");
  EXPECT_EQ(error.message, key_file_.string() + " does not belong to the store " + file_.string());
}

TEST_F(StoreTest, AKeyOfAnotherSizeIsNoKey) {
  for (const std::size_t size : {0U, 31U, 33U}) {
    std::ofstream(key_file_) << std::string(size, 'k');
    ::chmod(key_file_.c_str(), 0600);
    EXPECT_EQ(refusal().reason, "STORE_KEY_INVALID");
  }
}

TEST_F(StoreTest, ANewStoreBesideAKeyFileUsesIt) {
  store();
  restart();
  fs::remove(file_);
  std::ifstream before(key_file_, std::ios::binary);
  const std::string key(std::istreambuf_iterator<char>(before), {});
  rotate(begin(), "one");
  std::ifstream after(key_file_, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(after), {}), key);
}

TEST_F(StoreTest, AStoreWhoseMakingWasCutShortIsMadeByTheNextStart) {
  std::ofstream{file_};
  ::chmod(file_.c_str(), 0600);
  rotate(begin(), "one");
  EXPECT_EQ(store().current(kSlot)->reveal(), "one");
}

TEST_F(StoreTest, AKeyThatOthersCanReadIsRefused) {
  store();
  restart();
  ::chmod(key_file_.c_str(), 0640);
  EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED");
}

TEST_F(StoreTest, AStoreThatOthersCanWriteIsRefused) {
  store();
  restart();
  ::chmod(file_.c_str(), 0620);
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "FILE_UNTRUSTED");
  EXPECT_EQ(error.hint, "chmod 600 " + file_.string());
}

TEST_F(StoreTest, AStoreInADirectoryThatOthersCanWriteIsRefused) {
  ::chmod(directory_.c_str(), 0777);
  EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED");
}

TEST_F(StoreTest, AStoreOrKeyOfAnotherUserIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  store();
  restart();
  for (const fs::path& each : {file_, key_file_}) {
    ASSERT_EQ(::chown(each.c_str(), 65534, 65534), 0);
    EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED") << each;
    ASSERT_EQ(::chown(each.c_str(), 0, 0), 0);
  }
}

TEST_F(StoreTest, SymbolicLinksAreRefused) {
  store();
  restart();
  for (const fs::path& each : {file_, key_file_}) {
    fs::rename(each, directory_ / "real");
    fs::create_symlink(directory_ / "real", each);
    EXPECT_EQ(refusal().reason, "FILE_UNTRUSTED") << each;
    fs::remove(each);
    fs::rename(directory_ / "real", each);
  }
}

TEST_F(StoreTest, AMissingDirectoryIsRefused) {
  file_ = directory_ / "absent" / "store.db";
  EXPECT_EQ(refusal().reason, "FILE_MISSING");
}

TEST_F(StoreTest, AStoreOfALaterFormatIsRefused) {
  store();
  restart();
  tamper("PRAGMA user_version = 2");
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_NEWER");
  EXPECT_NE(error.message.find("format 2"), std::string::npos);
}

TEST_F(StoreTest, ADatabaseOfAnotherProgramIsRefusedAndLeftAlone) {
  store();
  restart();
  fs::remove(file_);
  tamper("CREATE TABLE theirs (x TEXT)");
  ::chmod(file_.c_str(), 0600);
  EXPECT_EQ(refusal().reason, "STORE_INVALID");
  EXPECT_EQ(ask("SELECT group_concat(name) FROM sqlite_master"), "theirs");
}

TEST_F(StoreTest, AFileThatIsNoDatabaseIsRefused) {
  store();
  restart();
  std::ofstream(file_) << std::string(8192, 'x');
  const hub::Error error = refusal();
  EXPECT_EQ(error.reason, "STORE_UNAVAILABLE");
  EXPECT_NE(error.message.find(file_.string()), std::string::npos);
}

}  // namespace
}  // namespace sample_host
