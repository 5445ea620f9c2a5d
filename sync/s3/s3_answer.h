// SPDX-License-Identifier: Apache-2.0
// What an S3 server answers, from XML to data: a page of ListObjectsV2 and the error document. The wrapper of expat.
// Pure; any thread.
//
//   page  := <ListBucketResult> { <Contents><Key/><LastModified/><ETag/><Size/></Contents> } <IsTruncated/>
//            [<NextContinuationToken/>] [<EncodingType>url</EncodingType>] </ListBucketResult>    in any order
//   error := <Error><Code/><Message/>[<Region/>]..</Error>
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sync/s3/http_client.h"
#include "sync/s3/object_store.h"

namespace freshet {

struct S3Page {
  std::vector<ObjectInfo> objects;
  bool truncated = false;
  std::string next_token;  // "" at the end
};

// kInvalid: not such a document: the endpoint is something else than S3.
Result<S3Page> ParseS3Page(std::string_view xml);

// The answer's failure as ours, its Code and Message in the text. `body`: of the answer; empty for HEAD. `wall_us`:
// the time of the request, to tell a clock that is wrong. Not called for 2xx.
Status S3Error(const HttpAnswer& answer, std::string_view body, const std::string& region, int64_t wall_us);

// An entity tag without its quotes.
std::string BareEtag(std::string_view text);
bool IsWeakEtag(std::string_view text);  // W/"..": the same content, not for sure the same bytes
// "2026-11-21T08:30:00.123Z" in microseconds; 0 for anything else.
int64_t ParseS3Time(std::string_view text);
// "Sat, 21 Nov 2026 08:30:00 GMT" in seconds; 0 for anything else.
int64_t ParseHttpDate(std::string_view text);

}  // namespace freshet
