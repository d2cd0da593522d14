import Planning
import Scoring
import Wire

/// What a plan or a request for scores knows about prompts beside their texts: outcomes of reference policies from their
/// histories, values of the requests, and the policy's own stale records.
///
/// It is a function of the histories and of the plans kept, as a context is. An inline outcome counts before the recorded
/// one of the same name. Values that came with earlier requests are known for as long as their plans are kept.
struct PlanSide {
    let schema: SideSchema
    /// By reference of the schema: the recorded outcomes, where it has some.
    private let histories: [PolicyHistory?]
    /// Places of inline outcomes in the schema.
    private let places: [String: Int]
    private let own: PolicyHistory?
    private let ownReference: Int?
    /// What requests have said about prompts, by text; the latest step counts.
    private let said: [String: PlanCandidate]

    /// An own record is stale from so many steps on.
    private static let staleSteps = SideSchema.staleStepsDefault

    /// What is asked: predictions of a policy at a version, for prompts with what the request knows of them.
    struct Question {
        let policyID: String
        let version: Int
        /// Policies whose recorded outcomes are references.
        let references: [String]
        /// Of a request for scores, rows of the context too. Their ids and budgets are not used.
        let prompts: [PlanCandidate]
    }

    /// `nil` if nothing is known beside the texts. `earlier` are the prompts of the plans kept, in the order of steps.
    init?(_ question: Question, after earlier: [PlanCandidate], histories all: (String) -> PolicyHistory?) {
        own = all(question.policyID)
        let named = question.references
        var said: [String: PlanCandidate] = [:]
        for candidate in [earlier, question.prompts].lazy.joined() where !candidate.facts.isEmpty {
            said[candidate.text] = candidate
        }
        self.said = said
        let inline = Self.names(
            of: Set(question.prompts.lazy.flatMap(\.references).map(\.name)).subtracting(named),
            before: Set(said.values.lazy.flatMap(\.references).map(\.name)).subtracting(named),
            count: SideSchema.referencesMax - 1 - named.count)
        let names = (named + inline).prefix(SideSchema.referencesMax - 1)
        histories = names.map { named.contains($0) ? all($0) : nil }
        places = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
        let hasOwn = own?.hasOutcome(before: question.version - Self.staleSteps) == true
        ownReference = hasOwn ? names.count : nil
        let (numbers, categories) = Self.columns(
            said.values.lazy.flatMap(\.covariates),
            of: Set(question.prompts.lazy.flatMap(\.covariates).map(\.name)))
        schema = SideSchema(
            references: names.map { SideSchema.Reference(name: $0) }
                + (hasOwn ? [SideSchema.Reference(name: question.policyID, kind: .ownRecord)] : []),
            numbers: numbers, categories: categories)
        guard !schema.isEmpty else { return nil }
    }

    /// At most `count` names, sorted. Those of the request itself are chosen before those of earlier requests.
    private static func names(of request: Set<String>, before others: Set<String>, count: Int) -> [String] {
        (request.sorted() + others.subtracting(request).sorted()).prefix(max(0, count)).sorted()
    }

    /// Names of numbers and of categories, sorted; a name with both is a category. `request` are the request's own.
    private static func columns(
        _ covariates: some Sequence<Covariate>, of request: Set<String>
    ) -> ([String], [String]) {
        var numbers: Set<String> = []
        var categories: Set<String> = []
        for covariate in covariates {
            switch covariate.value {
            case .number: numbers.insert(covariate.name)
            case .category: categories.insert(covariate.name)
            }
        }
        let all = names(of: request, before: numbers.union(categories), count: SideSchema.covariatesMax)
        return (all.filter { !categories.contains($0) }, all.filter(categories.contains))
    }

    /// What is known about a text for a policy of a version.
    func information(of text: String, at version: Int) -> SideInformation {
        var outcomes: [Int: Outcome] = [:]
        for (place, history) in histories.enumerated() { outcomes[place] = history?.latestOutcome(of: text) }
        let known = said[text]
        for named in known?.references ?? [] {
            if let place = places[named.name] { outcomes[place] = named.outcome }
        }
        if let ownReference { outcomes[ownReference] = own?.outcome(of: text, upTo: version - Self.staleSteps) }
        let covariates = Dictionary((known?.covariates ?? []).map { ($0.name, $0.value) }) { first, _ in first }
        return SideInformation(
            references: outcomes.map { SideInformation.ReferenceOutcome(reference: $0, outcome: $1) },
            numbers: numbers(covariates), categories: categories(covariates))
    }

    private func numbers(_ values: [String: Covariate.Value]) -> [Float] {
        let numbers = schema.numbers.map { name -> Float in
            if case .number(let number)? = values[name], Float(number).isFinite { Float(number) } else { .nan }
        }
        return numbers.allSatisfy(\.isNaN) ? [] : numbers
    }

    private func categories(_ values: [String: Covariate.Value]) -> [UInt32] {
        let codes = schema.categories.map { name -> UInt32 in
            switch values[name] {
            case .category(let category)?: SideSchema.code(of: category)
            case .number(let number)?: SideSchema.code(of: "\(number)")
            case nil: 0
            }
        }
        return codes.allSatisfy { $0 == 0 } ? [] : codes
    }

    /// A context set with side information and pool. `rows` are pairs with the version of their outcomes, `texts` the
    /// candidates'.
    func context(_ rows: [(row: ContextSet.Row, version: Int)], queries texts: [String], at version: Int) -> Joined {
        let known = rows.map { information(of: $0.row.text, at: $0.version) }
        let asked = texts.map { information(of: $0, at: version) }
        var pool = PoolBuilder()
        for (row, side) in zip(rows, known) { pool.add(row.row.text, side) }
        // In an order that does not depend on that of the candidates.
        let ranked = zip(texts, asked).map { (rank: StableHash(of: $0).mixed, text: $0, side: $1) }
            .sorted { ($0.rank, $0.text) < ($1.rank, $1.text) }
        for entry in ranked where !pool.isFull { pool.add(entry.text, entry.side) }
        let set = ContextSet(
            zip(rows, known).map { row, side in
                ContextSet.Row(
                    text: row.row.text, outcome: row.row.outcome, side: pool.placed(side, of: row.row.text))
            }, schema: schema, pool: pool.rows)
        guard let set else { preconditionFailure("\(rows.count) rows and \(pool.rows.count) of the pool are too many") }
        return Joined(context: set, queries: zip(texts, asked).map { pool.placed($1, of: $0) })
    }

    /// A context set, and what is known about its queries.
    struct Joined {
        let context: ContextSet
        let queries: [SideInformation]
    }

    /// What a prediction is based on. `hasOwn`: whether fresh outcomes of the policy joined it.
    func evidence(_ side: SideInformation, contextRows: Int, hasOwn: Bool) -> Evidence {
        let own = side.references.count { $0.reference == ownReference }
        return Evidence(
            contextRows: contextRows, references: side.references.count - own, ownRecord: own > 0 || hasOwn)
    }
}
