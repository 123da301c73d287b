// What waits for the disk: each write by which a token could be lost, and none by which it could
// not.
#include "store_fixture.hpp"

#include <dlfcn.h>

namespace {

std::atomic<int> syncs = 0;

}  // namespace

/// SQLite's, since a program's own functions come before the C library's.
extern "C" [[gnu::visibility("default")]] int fdatasync(int descriptor) {
  static const auto real = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, "fdatasync"));
  ++syncs;
  return real(descriptor);
}

namespace sample_host {
namespace {

class StoreSyncTest : public StoreTest {
 protected:
  StoreSyncTest() : StoreTest(Kind::kSqlite) {
    // The first write makes the log.
    const std::uint64_t fence = begin();
    EXPECT_OK(store().note(kSlot, fence, "{}"));
    EXPECT_OK(store().end(kSlot, fence));
  }

  template <class Write>
  static int syncs_of(Write write) {
    const int before = syncs;
    write();
    return syncs - before;
  }
};

TEST_F(StoreSyncTest, EachWriteThatATokenHangsOnWaitsForTheDiskOnce) {
  const std::uint64_t fence = begin();
  const Secret one("one");
  std::uint64_t version = 0;
  const auto stage = [&](const Secret* value) {
    const auto staged = store().stage(kSlot, fence, value, "{}", {});
    ASSERT_TRUE(staged.ok());
    version = *staged;
  };
  EXPECT_EQ(syncs_of([&] { stage(nullptr); }), 1);
  EXPECT_EQ(syncs_of([&] { stage(&one); }), 1);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().commit(kSlot, fence, version, 0ms, {}, {})); }), 1);
  const std::uint64_t replaced = version;
  stage(&one);
  EXPECT_OK(store().commit(kSlot, fence, version, 0ms, {}, {}));
  EXPECT_EQ(
      syncs_of([&] { EXPECT_OK(store().mark(kSlot, fence, replaced, HUB_MARK_RETIRING, {})); }), 1);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().drop(kSlot, fence, replaced, {})); }), 1);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().note(kSlot, fence, R"({"n":1})")); }), 1);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().set_state(kSlot, fence, HUB_SLOT_REVOKING, {})); }),
            1);
}

TEST_F(StoreSyncTest, ALeaseDoesNotWaitForTheDisk) {
  std::uint64_t fence = 0;
  EXPECT_EQ(syncs_of([&] { fence = begin(); }), 0);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().renew(kSlot, fence, 1h)); }), 0);
  EXPECT_EQ(syncs_of([&] { EXPECT_OK(store().end(kSlot, fence)); }), 0);
}

}  // namespace
}  // namespace sample_host
