// SPDX-License-Identifier: Apache-2.0
#include "sync/object_progress.h"

namespace freshet {

void ShowObjects(JobProgress& progress, const ObjectSource& source, const InsertSelect& insert,
                 const JobStatistics& statistics, const ObjectsLeft& left) {
  TableProgress shown;
  shown.source = {source.local ? "file" : source.bucket, source.pattern};
  shown.target = insert.database + "." + insert.table;
  shown.state = left.caught_up ? "READY" : "COPYING";
  shown.chunks_done = statistics.files;
  shown.chunks_total = statistics.files + left.due;
  shown.rows_copied = statistics.rows_read - statistics.rows_filtered;
  progress.Show(std::move(shown));
}

}  // namespace freshet
