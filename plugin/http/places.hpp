// How many may do something at a time.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <condition_variable>
#include <cstddef>
#include <list>
#include <mutex>

namespace databricks_token {

struct Doing;

/// A number of places; who finds none waits, and is served in the order of coming. Thread-safe.
/// Must outlive each Place.
class Places {
 public:
  explicit Places(std::size_t count) : free_(count) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  /// Held until destroyed.
  class Place {
   public:
    Place(Place&& other) noexcept;
    Place& operator=(Place&&) = delete;
    ~Place();

   private:
    friend class Places;
    explicit Place(Places* places) : places_(places) {}

    Places* places_;
  };

  /// DEADLINE_EXCEEDED, CANCELLED; the effect is none.
  hub::Result<Place> take(hub::Call call, const Doing& doing);

  /// How many wait now.
  std::size_t waiting() const;

 private:
  struct Waiter {
    std::condition_variable woken{};
    bool has_place = false;
  };

  void give_back();

  mutable std::mutex mutex_;  // guards what follows
  std::size_t free_;
  std::list<Waiter*> waiting_;  // who came first is in front
};

}  // namespace databricks_token
