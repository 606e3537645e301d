// Sums down the columns of a matrix, in an order that does not depend on threads, in memory of a
// few rows: finished blocks are added in block order, and only those that wait for an earlier one
// are kept.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <vector>

namespace mod::merge {

class ColumnSums {
 public:
  /// `width` numbers a block.
  explicit ColumnSums(std::size_t width) : total_(width, 0.0) {}

  /// The sums of one block while it is worked on; the same vector until finish(block). Thread-safe
  /// for different blocks.
  std::vector<double>& open(std::uint64_t block);
  void finish(std::uint64_t block);
  const std::vector<double>& total() const { return total_; }

 private:
  std::mutex mutex_;
  std::map<std::uint64_t, std::vector<double>> blocks_;
  std::set<std::uint64_t> finished_;
  std::uint64_t next_ = 0;
  std::vector<double> total_;
};

}  // namespace mod::merge
