/// What is known about a prompt beside its text: outcomes of other policies on it, numbers, categories, vectors.
///
/// `SideSchema` names what each part means. `none` is right for a prompt of which nothing is known.
public struct SideInformation: Hashable, Sendable {
    /// The outcome of one reference on the prompt.
    public struct ReferenceOutcome: Hashable, Sendable {
        /// Index into `SideSchema.references`.
        public let reference: Int
        /// The result of that reference's rollouts on the prompt.
        public let outcome: Outcome

        /// Pairs a reference with its outcome.
        public init(reference: Int, outcome: Outcome) {
            self.reference = reference
            self.outcome = outcome
        }
    }

    /// Outcomes by ascending `reference`, each reference at most once; references without an outcome are absent.
    public let references: [ReferenceOutcome]
    /// By `SideSchema.numbers`; NaN where unknown. Empty if no number is known.
    public let numbers: [Float]
    /// By `SideSchema.categories`: `SideSchema.code(of:)` of the category's name; 0 where unknown. Empty if none is known.
    public let categories: [UInt32]
    /// By `SideSchema.vectors`, one after the other; NaN in the columns of an unknown one. Empty if none is known.
    public let vectors: [Float]
    /// The row of `ContextSet.pool` that is this prompt, so that its own outcomes can be left out; `nil` if it is not
    /// in the pool.
    public let poolRow: Int?

    /// Nothing is known.
    public static let none = SideInformation()

    /// Collects what is known. Outcomes are sorted by reference.
    public init(
        references: [ReferenceOutcome] = [], numbers: [Float] = [], categories: [UInt32] = [], vectors: [Float] = [],
        poolRow: Int? = nil
    ) {
        // Most are in order already, and this is made for every prompt of a corpus.
        let isSorted = zip(references, references.dropFirst()).allSatisfy { $0.reference <= $1.reference }
        self.references = isSorted ? references : references.sorted { $0.reference < $1.reference }
        self.numbers = numbers
        self.categories = categories
        self.vectors = vectors
        self.poolRow = poolRow
    }

    /// Whether nothing is known.
    public var isEmpty: Bool { references.isEmpty && numbers.isEmpty && categories.isEmpty && vectors.isEmpty }

    /// Whether every part is empty or has the size that `schema` says, and every reference is in it, once.
    public func fits(_ schema: SideSchema) -> Bool {
        (numbers.isEmpty || numbers.count == schema.numbers.count)
            && (categories.isEmpty || categories.count == schema.categories.count)
            && (vectors.isEmpty || vectors.count == schema.vectorColumns)
            && references.allSatisfy { schema.references.indices.contains($0.reference) }
            && zip(references, references.dropFirst()).allSatisfy { $0.reference < $1.reference }
    }

    /// The bytes of a context's digest.
    func append(to bytes: inout [UInt8]) {
        LittleEndian.append(UInt32(clamping: references.count), to: &bytes)
        for entry in references {
            LittleEndian.append(UInt32(clamping: entry.reference), to: &bytes)
            LittleEndian.append(entry.outcome.reward.bitPattern, to: &bytes)
            LittleEndian.append(UInt64(clamping: entry.outcome.n), to: &bytes)
        }
        for values in [numbers, vectors] {
            LittleEndian.append(UInt32(clamping: values.count), to: &bytes)
            for value in values { LittleEndian.append((value.isNaN ? .nan : value).bitPattern, to: &bytes) }
        }
        LittleEndian.append(UInt32(clamping: categories.count), to: &bytes)
        for code in categories { LittleEndian.append(code, to: &bytes) }
        LittleEndian.append(UInt64(clamping: poolRow.map { $0 + 1 } ?? 0), to: &bytes)
    }
}
