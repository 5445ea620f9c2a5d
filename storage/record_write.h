// SPDX-License-Identifier: Apache-2.0
// RecordWrite into a batch: used by Store::PutRecords and by UnitWriter, which writes records with the rows.
#pragma once

#include <rocksdb/write_batch.h>

#include "base/status.h"
#include "storage/database.h"
#include "storage/store.h"

namespace freshet {

inline Family FamilyOf(RecordFamily family) {
  switch (family) {
    case RecordFamily::kJobs: return Family::kJobs;
    case RecordFamily::kLedger: return Family::kLedger;
    case RecordFamily::kQuarantine: break;
  }
  return Family::kQuarantine;
}

inline Status AppendRecord(const Database& database, const RecordWrite& record, rocksdb::WriteBatch& batch) {
  auto* const family = database.family(FamilyOf(record.family));
  return ToStatus(record.value ? batch.Put(family, record.key, *record.value) : batch.Delete(family, record.key));
}

}  // namespace freshet
