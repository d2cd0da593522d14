import Scoring

/// The state of side information while its files are read.
struct SideDraft {
    private let files: SideFiles
    private let history: ContextFile
    private var origins: [ContextFile.Origin]
    /// Context rows whose columns may be in the prompt files, by id.
    private var incomplete: [String: [Int]] = [:]
    private var table = ReferenceTable()
    private var leftOut: [Standing: Int] = [:]
    /// Rows of references that were taken, and the id or text of the first of them.
    private var taken = (rows: 0, first: "")
    /// The id of the first prompt.
    private var firstPrompt: String?
    private var problems: [RowError] = []
    private var rejected = 0
    /// By source; made when all references are read.
    private lazy var sources = SideSources(
        columnCount: files.columns.references.count,
        ages: table.sources.map { $0.id == history.policy.id ? age(of: $0) : nil }, staleSteps: files.staleSteps)
    /// By source: prompts with an outcome.
    private lazy var coverage = Array(repeating: 0, count: table.sources.count + files.columns.references.count)
    /// By file of vectors: prompts that it has.
    private lazy var vectorPrompts = Array(repeating: 0, count: files.vectors.count)
    private var prompts = 0
    private var ownPrompts = 0
    private var staleSeen = false
    /// By covariate: whether a row has a number, or a text.
    private var kinds: [(number: Bool, text: Bool)]
    private var sample: PoolSample
    /// Sources of one prompt; kept for its memory.
    private var found: [Int] = []

    /// How a policy of the references relates to the target.
    private enum Standing: Hashable {
        case usable
        case target
        case later
        case unordered
    }

    init(_ files: SideFiles, history: ContextFile) {
        self.files = files
        self.history = history
        origins = history.origins
        kinds = Array(repeating: (false, false), count: files.columns.covariates.count)
        sample = PoolSample(seed: files.seed)
        for (row, origin) in origins.enumerated() where origin.columns.contains(.missing) {
            if let id = origin.promptID { incomplete[id, default: []].append(row) }
        }
    }

    // MARK: References

    mutating func receive(_ element: HistoryCorpus.Element) {
        switch element {
        case .rejected(let error): reject(error)
        case .row(let row):
            let standing = standing(of: row.policy)
            guard standing == .usable else {
                leftOut[standing, default: 0] += 1
                return
            }
            if taken.rows == 0 { taken.first = row.promptID ?? row.text ?? "" }
            taken.rows += 1
            guard !table.add(row.outcome, of: row.policy, id: row.promptID, text: row.text) else { return }
            reject(
                RowError(
                    file: row.file, line: row.line, promptID: row.promptID, code: .duplicateOutcome,
                    message: "the references have more than \(ReferenceTable.sourcesMax) policies; is the policy's key"
                        + " right?"))
        }
    }

    private func standing(of policy: Policy) -> Standing {
        let target = history.policy
        guard policy.id == target.id else { return .usable }
        if policy.version == target.version { return .target }
        guard let version = policy.version, let own = target.version else { return .unordered }
        return version < own ? .usable : .later
    }

    private func age(of policy: Policy) -> Int {
        let (age, overflow) = (history.policy.version ?? 0).subtractingReportingOverflow(policy.version ?? 0)
        return overflow ? Int.max : age
    }

    private mutating func reject(_ error: RowError) {
        rejected += 1
        if problems.count < ContextFile.problemsMax { problems.append(error) }
    }

    // MARK: Prompts

    mutating func survey(_ row: PromptRow) {
        for place in incomplete.isEmpty ? [] : incomplete[row.prompt.id] ?? [] {
            for column in origins[place].columns.indices where origins[place].columns[column] == .missing {
                origins[place].columns[column] = row.columns[column]
            }
        }
        note(row.columns)
        if firstPrompt == nil { firstPrompt = row.prompt.id }
        for (place, source) in files.vectors.enumerated() where source.has(row.prompt.id) { vectorPrompts[place] += 1 }
        var others: [Int] = []
        swap(&others, &found)
        others.removeAll(keepingCapacity: true)
        let own = sources.forEachOutcome(id: row.prompt.id, text: row.prompt.text, row.columns, in: table) {
            source, _ in
            others.append(source)
        }
        for source in others { coverage[source] += 1 }
        let isKnown = !others.isEmpty || own != nil
        swap(&others, &found)
        guard isKnown else { return }
        prompts += 1
        if let own {
            ownPrompts += own.age >= files.staleSteps ? 1 : 0
            staleSeen = staleSeen || own.age >= files.staleSteps
        }
        sample.offer(id: row.prompt.id, text: row.prompt.text, columns: row.columns)
    }

    /// Records the kinds of covariates.
    private mutating func note(_ values: [ColumnValue]) {
        for place in kinds.indices {
            switch values[files.columns.references.count + place] {
            case .number: kinds[place].number = true
            case .text: kinds[place].text = true
            case .missing, .outcome: break
            }
        }
    }

    // MARK: The end

    mutating func joined(
        referenceFiles: [InputFile], survey: [InputFile]
    ) throws(CorporaError) -> SideFiles.Joined {
        for origin in origins { note(origin.columns) }
        var warnings = leftOutWarnings
        let inContext = contextCoverage()
        let chosen = choose(inContext.others, &warnings)
        if chosen.isEmpty, !files.references.isEmpty, inContext.own == 0, ownPrompts == 0, prompts == 0 {
            warnings.append(.referencesUnused(rows: taken.rows, first: taken.first, prompt: firstPrompt))
        }
        let vectors = vectorCoverage(&warnings)
        let schema = schema(chosen, hasOwn: staleSeen || inContext.own > 0, &warnings)
        if let fault = schema.fault { throw .badSideInformation(fault) }
        let numbers = history.context.rows.count * schema.vectorColumns
        if numbers > ContextSet.vectorNumbersMax { throw .badSideInformation(.contextVectors(numbers)) }
        // The pool's rows are found with an index without a pool.
        let open = index(schema, pool: PoolBuilder(), Digest(of: ""))
        var pool = PoolBuilder()
        for row in poolOrder() { pool.add(row.text, open.facts(id: row.id, text: row.text, columns: row.columns).side) }
        let identity = digest(schema, referenceFiles)
        let index = index(schema, pool: pool, identity)
        let rows = zip(history.context.rows, origins).map { row, origin in
            ContextSet.Row(
                text: row.text, outcome: row.outcome,
                side: index.facts(id: origin.promptID, text: row.text, columns: origin.columns).side)
        }
        guard let context = ContextSet(rows, schema: schema, pool: pool.rows) else {
            preconditionFailure("\(rows.count) rows and \(pool.rows.count) of the pool do not fit their schema")
        }
        let report = SideReport(
            references: references(chosen, schema, inContext), numbers: schema.numbers, categories: schema.categories,
            vectors: vectors, promptsWithReferences: prompts, poolRows: pool.rows.count,
            warnings: warnings, problems: problems, files: referenceFiles)
        return SideFiles.Joined(history: history.with(context), index: index, survey: survey, report: report)
    }

    private var leftOutWarnings: [SideReport.Warning] {
        var warnings: [SideReport.Warning] = []
        if let rows = leftOut[.target] { warnings.append(.targetLeftOut(history.policy, rows: rows)) }
        if let rows = leftOut[.later] { warnings.append(.laterLeftOut(history.policy, rows: rows)) }
        if let rows = leftOut[.unordered] { warnings.append(.unorderedLeftOut(history.policy, rows: rows)) }
        if rejected > 0 { warnings.append(.rejected(rejected)) }
        return warnings
    }

    /// Rows of the context with an outcome: by source, and with a stale own record.
    private mutating func contextCoverage() -> (others: [Int], own: Int) {
        var others = Array(repeating: 0, count: coverage.count)
        var own = 0
        for (row, origin) in zip(history.context.rows, origins) {
            let newest = sources.forEachOutcome(id: origin.promptID, text: row.text, origin.columns, in: table) {
                source, _ in others[source] += 1
            }
            if let record = newest, record.age >= files.staleSteps { own += 1 }
        }
        return (others, own)
    }

    /// How many prompts and context rows each file of vectors has.
    private mutating func vectorCoverage(_ warnings: inout [SideReport.Warning]) -> [SideReport.Vectors] {
        let ids = origins.map(\.promptID)
        return files.vectors.enumerated().map { place, source in
            let inContext = ids.count { id in id.map { source.has($0) } ?? false }
            if inContext == 0 || vectorPrompts[place] == 0 {
                warnings.append(
                    .vectorsUnused(
                        source.name, prompts: vectorPrompts[place], contextRows: inContext, first: source.firstID))
            }
            return SideReport.Vectors(name: source.name, contextRows: inContext, prompts: vectorPrompts[place])
        }
    }

    private mutating func name(of source: Int) -> String {
        source < table.sources.count
            ? table.sources[source].description : files.columns.references[source - table.sources.count]
    }

    /// The sources that cover most rows of the context, then most prompts; as many as a schema has, less one for the own
    /// record.
    private mutating func choose(_ inContext: [Int], _ warnings: inout [SideReport.Warning]) -> [Int] {
        let names = coverage.indices.map { name(of: $0) }
        let known = coverage.indices.filter { inContext[$0] > 0 || coverage[$0] > 0 }.sorted { left, right in
            (-inContext[left], -coverage[left], names[left]) < (-inContext[right], -coverage[right], names[right])
        }
        let chosen = Array(known.prefix(SideSchema.referencesMax - 1))
        if chosen.count < known.count {
            warnings.append(.referencesLeftOut(known.dropFirst(chosen.count).map { names[$0] }))
        }
        for source in chosen where inContext[source] == 0 { warnings.append(.notInContext(names[source])) }
        for source in files.columns.references.indices where coverage[table.sources.count + source] == 0 {
            let place = table.sources.count + source
            if inContext[place] == 0 { warnings.append(.emptyColumn(names[place])) }
        }
        return chosen
    }

    private mutating func schema(
        _ chosen: [Int], hasOwn: Bool, _ warnings: inout [SideReport.Warning]
    ) -> SideSchema {
        sources.references = Array(repeating: nil, count: coverage.count)
        for (place, source) in chosen.enumerated() { sources.references[source] = place }
        var references = chosen.map { SideSchema.Reference(name: name(of: $0)) }
        if hasOwn {
            sources.ownReference = references.count
            references.append(SideSchema.Reference(name: history.policy.id, kind: .ownRecord))
        }
        for (place, kind) in kinds.enumerated() {
            let name = files.columns.covariates[place]
            let value = files.columns.references.count + place
            if kind.text { sources.categories.append(value) } else if kind.number { sources.numbers.append(value) }
            if kind.text, kind.number { warnings.append(.mixedColumn(name)) }
            if !kind.text, !kind.number { warnings.append(.emptyColumn(name)) }
        }
        let names = files.columns.names
        return SideSchema(
            references: references, numbers: sources.numbers.map { names[$0] },
            categories: sources.categories.map { names[$0] },
            vectors: files.vectors.map { SideSchema.Vector(name: $0.name, columns: $0.columns) })
    }

    private mutating func index(
        _ schema: SideSchema, pool: PoolBuilder, _ digest: Digest
    ) -> SideIndex {
        SideIndex(
            schema: schema, digest: digest, table: table, sources: sources, columns: files.columns,
            vectors: files.vectors, pool: pool)
    }

    /// Prompts that may join the pool, in this order: those of the context, then a sample of all others.
    private func poolOrder() -> [PoolSample.Row] {
        let own = zip(history.context.rows, origins).map { row, origin in
            PoolSample.Row(rank: 0, id: origin.promptID, text: row.text, columns: origin.columns)
        }
        return own + sample.rows
    }

    private func digest(_ schema: SideSchema, _ referenceFiles: [InputFile]) -> Digest {
        // Vectors and references are named by digest; columns are in the prompt files, which are part of the identity.
        var lines = ["side/1", "\(files.staleSteps)", "\(files.seed)"]
        lines += referenceFiles.map(\.digest.hex) + files.vectors.flatMap { [$0.name, $0.digest.hex] }
        lines += files.columns.names + files.columns.harder.sorted()
        lines += schema.references.map(\.name) + schema.numbers + schema.categories
        return Digest(of: lines.map { "\($0.utf8.count) \($0)\n" }.joined())
    }

    private mutating func references(
        _ chosen: [Int], _ schema: SideSchema, _ inContext: (others: [Int], own: Int)
    ) -> [SideReport.Reference] {
        var references = chosen.map { source in
            SideReport.Reference(
                name: name(of: source), kind: "other_policy", contextRows: inContext.others[source],
                prompts: coverage[source])
        }
        if schema.references.count > chosen.count {
            references.append(
                SideReport.Reference(
                    name: history.policy.id, kind: "own_record", contextRows: inContext.own, prompts: ownPrompts))
        }
        return references
    }
}
