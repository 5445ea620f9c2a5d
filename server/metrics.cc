// SPDX-License-Identifier: Apache-2.0
#include "server/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "base/mutex.h"

namespace freshet {

struct Metrics::Families {
  prometheus::Registry registry;
  prometheus::Gauge& connections =
      prometheus::BuildGauge().Name("freshet_connections").Help("Open MySQL connections.").Register(registry).Add({});
  prometheus::Counter& connections_total = prometheus::BuildCounter()
                                               .Name("freshet_connections_total")
                                               .Help("MySQL connections accepted since the start.")
                                               .Register(registry)
                                               .Add({});
  prometheus::Counter& refused_total = prometheus::BuildCounter()
                                           .Name("freshet_connections_refused_total")
                                           .Help("MySQL connections refused because of the limit.")
                                           .Register(registry)
                                           .Add({});
  prometheus::Counter& logins_failed_total = prometheus::BuildCounter()
                                                 .Name("freshet_logins_failed_total")
                                                 .Help("MySQL logins that were denied or malformed.")
                                                 .Register(registry)
                                                 .Add({});
  prometheus::Family<prometheus::Counter>& commands_total = prometheus::BuildCounter()
                                                                .Name("freshet_commands_total")
                                                                .Help("MySQL commands answered, by command.")
                                                                .Register(registry);
  prometheus::Family<prometheus::Counter>& errors_total =
      prometheus::BuildCounter()
          .Name("freshet_command_errors_total")
          .Help("MySQL commands answered with an error, by MySQL error number.")
          .Register(registry);
  Mutex mutex;
  std::vector<GaugeReader> readers GUARDED_BY(mutex);
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {}
Metrics::~Metrics() = default;

void Metrics::ConnectionOpened() {
  families_->connections.Increment();
  families_->connections_total.Increment();
}
void Metrics::ConnectionClosed() {
  families_->connections.Decrement();
}
void Metrics::ConnectionRefused() {
  families_->refused_total.Increment();
}
void Metrics::LoginFailed() {
  families_->logins_failed_total.Increment();
}
void Metrics::CommandDone(std::string_view command) {
  families_->commands_total.Add({{"command", std::string(command)}}).Increment();
}
void Metrics::CommandFailed(uint16_t error_number) {
  families_->errors_total.Add({{"code", std::to_string(error_number)}}).Increment();
}

void Metrics::AddReader(GaugeReader reader) {
  MutexLock lock(families_->mutex);
  families_->readers.push_back(std::move(reader));
}

std::string Metrics::Scrape() const {
  std::vector<GaugeReader> readers;
  {
    MutexLock lock(families_->mutex);
    readers = families_->readers;
  }
  std::vector<prometheus::MetricFamily> all = families_->registry.Collect();
  for (const GaugeReader& read : readers) {
    for (GaugeFamily& family : read()) {
      prometheus::MetricFamily out;
      out.name = std::move(family.name);
      out.help = std::move(family.help);
      out.type = prometheus::MetricType::Gauge;
      for (GaugeSample& sample : family.samples) {
        prometheus::ClientMetric metric;
        for (auto& [name, value] : sample.labels) metric.label.push_back({std::move(name), std::move(value)});
        metric.gauge.value = sample.value;
        out.metric.push_back(std::move(metric));
      }
      all.push_back(std::move(out));
    }
  }
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace freshet
