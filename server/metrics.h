// SPDX-License-Identifier: Apache-2.0
// Metrics: every metric's name, help and labels in one place, and the Prometheus text of them all. Counters
// are moved by the servers; gauges are read from the jobs and the store when they are asked for. Thread-safe.
// prometheus-cpp's types stay inside.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace freshet {

struct GaugeSample {
  std::vector<std::pair<std::string, std::string>> labels;
  double value = 0;
};
struct GaugeFamily {
  std::string name;  // freshet_...
  std::string help;
  std::vector<GaugeSample> samples;
};
using GaugeReader = std::function<std::vector<GaugeFamily>()>;

class Metrics {
 public:
  Metrics();
  ~Metrics();

  void ConnectionOpened();
  void ConnectionClosed();
  void ConnectionRefused();
  void LoginFailed();
  void CommandDone(std::string_view command);  // "query", "execute", ...
  void CommandFailed(uint16_t error_number);

  // Called at each scrape, by the scraping thread.
  void AddReader(GaugeReader reader);
  // Prometheus text format 0.0.4.
  std::string Scrape() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace freshet
