// SPDX-License-Identifier: Apache-2.0
// MappingFactory: compiles the SELECT of a table-level job. The composition root binds it to its SqlEngine
// (Mapping::Compile); tests pass mappings of their own. Called from client threads and jobs' threads.
#pragma once

#include <functional>
#include <memory>

#include "sql/mapping.h"

namespace freshet {

using MappingFactory = std::function<Result<std::unique_ptr<Mapping>>(
    const InsertSelect& insert, const MappingSource& source, SchemaPtr target, const MappingOptions& options)>;

}  // namespace freshet
