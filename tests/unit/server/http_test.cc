// SPDX-License-Identifier: Apache-2.0
// The HTTP port: health follows its reasons, metrics are complete, garbage disturbs nobody.
#include <gtest/gtest.h>
#include <httplib.h>

#include "server/http_server.h"
#include "server/service_gauges.h"
#include "tests/unit/server/fake_backend.h"

namespace freshet {
namespace {

class Http : public ::testing::Test {
 protected:
  void SetUp() override {
    metrics_.AddReader(JobGauges(jobs_));
    metrics_.AddReader(StoreGauges([] { return Store::Usage{.disk_bytes = 4096}; }));
    auto started = HttpServer::Start({.unhealthy_reasons = [this] { return jobs_.UnhealthyReasons(); },
                                      .metrics_text = [this] { return metrics_.Scrape(); }});
    ASSERT_TRUE(started.ok()) << started.status().message();
    server_ = std::move(*started);
    client_ = std::make_unique<httplib::Client>("127.0.0.1", server_->port());
  }
  testing::FakeJobs jobs_;
  Metrics metrics_;
  std::unique_ptr<HttpServer> server_;
  std::unique_ptr<httplib::Client> client_;
};

TEST_F(Http, HealthFollowsTheReasons) {
  auto healthy = client_->Get("/healthz");
  ASSERT_TRUE(healthy);
  EXPECT_EQ(healthy->status, 200);
  EXPECT_EQ(healthy->body, "{\"status\":\"ok\"}\n");
  jobs_.set_unhealthy({"job shop made no progress: \xff"});
  auto sick = client_->Get("/healthz");
  ASSERT_TRUE(sick);
  EXPECT_EQ(sick->status, 503);
  EXPECT_NE(sick->body.find("made no progress"), std::string::npos);
}

TEST_F(Http, MetricsHoldCountersAndGauges) {
  metrics_.ConnectionOpened();
  metrics_.CommandDone("query");
  metrics_.CommandFailed(1064);
  auto got = client_->Get("/metrics");
  ASSERT_TRUE(got);
  for (const char* line :
       {"freshet_connections 1", "freshet_commands_total{command=\"query\"} 1",
        "freshet_command_errors_total{code=\"1064\"} 1", "freshet_job_state{job=\"shop\",state=\"RUNNING\"} 1",
        "freshet_table_lag_ms{job=\"shop\",table=\"shop.orders\"} 12", "freshet_store_disk_bytes 4096",
        "freshet_job_queue_bytes{job=\"shop\"} 4096", "freshet_job_durable_age_ms{job=\"shop\"} 7"}) {
    EXPECT_NE(got->body.find(line), std::string::npos) << line << "\n" << got->body;
  }
}

TEST_F(Http, UnknownPathSaysWhatExists) {
  auto got = client_->Get("/nowhere");
  ASSERT_TRUE(got);
  EXPECT_EQ(got->status, 404);
  EXPECT_NE(got->body.find("/healthz"), std::string::npos);
  EXPECT_EQ(client_->Get("/version")->body, "{\"name\":\"freshet\",\"version\":\"0.1.0\"}\n");
}

TEST_F(Http, PortInUseIsAConflict) {
  EXPECT_EQ(HttpServer::Start({.port = server_->port()}).code(), Code::kConflict);
}

}  // namespace
}  // namespace freshet
