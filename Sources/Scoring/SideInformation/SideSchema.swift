/// Names what the side information of a context's rows and of its queries means.
public struct SideSchema: Hashable, Sendable {
    /// A source of outcomes on the same prompts.
    public struct Reference: Hashable, Sendable {
        /// Whose outcomes they are.
        public enum Kind: UInt8, Hashable, Sendable {
            /// Another policy, or an earlier version of the same training run.
            case otherPolicy = 0
            /// An old record of the policy itself: too old to count as its own outcomes.
            case ownRecord = 1
        }

        /// A policy, or the name of a column of the prompt rows.
        public let name: String
        /// Whose outcomes they are.
        public let kind: Kind

        /// Names a reference.
        public init(name: String, kind: Kind = .otherPolicy) {
            self.name = name
            self.kind = kind
        }
    }

    /// A vector that each prompt may have.
    public struct Vector: Hashable, Sendable {
        /// For people: the file or column it is from.
        public let name: String
        /// Its columns, at least 1.
        public let columns: Int

        /// Names a vector.
        public init(name: String, columns: Int) {
            self.name = name
            self.columns = columns
        }
    }

    /// At most `referencesMax`.
    public let references: [Reference]
    /// Names of numbers.
    public let numbers: [String]
    /// Names of categories, such as `subject`.
    public let categories: [String]
    /// Vectors, one after the other in `SideInformation.vectors`.
    public let vectors: [Vector]

    /// More references than this say the same again.
    public static let referencesMax = 64
    /// Most numbers and categories together.
    public static let covariatesMax = 64
    /// Most columns of all vectors together.
    public static let vectorColumnsMax = 16_384
    /// Most bytes of a name.
    public static let nameBytesMax = 512
    /// An own record is stale from this many steps on: a column then predicts better than its counts do (Brier .028
    /// against .059, measured on checkpoints 275 steps apart).
    public static let staleStepsDefault = 275
    /// Nothing but texts.
    public static let none = SideSchema()

    /// A part of a schema that is outside its bounds.
    public enum Fault: Error, Hashable, CustomStringConvertible {
        case references(Int)
        case covariates(Int)
        case vectorColumns(Int)
        case contextVectors(Int)
        case name(bytes: Int)
        case repeatedName(String)

        /// The value, and what it may be.
        public var description: String {
            switch self {
            case .references(let count): "\(count) references, at most \(SideSchema.referencesMax) are possible"
            case .covariates(let count): "\(count) covariates, at most \(SideSchema.covariatesMax) are possible"
            case .vectorColumns(let count):
                "vectors of \(count) columns; 1 to \(SideSchema.vectorColumnsMax) are possible, all together"
            case .contextVectors(let count):
                "\(count) numbers in the vectors of all context rows, at most \(ContextSet.vectorNumbersMax) are possible"
            case .name(let bytes): "a name of \(bytes) bytes; 1 to \(SideSchema.nameBytesMax) are possible"
            case .repeatedName(let name): "the name \"\(name)\" twice; give each part its own name"
            }
        }
    }

    /// The first part outside its bounds; `nil` if there is none.
    public var fault: Fault? {
        if references.count > Self.referencesMax { return .references(references.count) }
        if numbers.count + categories.count > Self.covariatesMax {
            return .covariates(numbers.count + categories.count)
        }
        if vectors.contains(where: { $0.columns < 1 || $0.columns > Self.vectorColumnsMax })
            || vectorColumns > Self.vectorColumnsMax
        {
            return .vectorColumns(vectorColumns)
        }
        let own = references.filter { $0.kind == .ownRecord }.map(\.name)
        let others = references.filter { $0.kind == .otherPolicy }.map(\.name)
        for names in [others, own, numbers + categories, vectors.map(\.name)] {
            var seen: Set<String> = []
            for name in names {
                if name.isEmpty || name.utf8.count > Self.nameBytesMax { return .name(bytes: name.utf8.count) }
                if !seen.insert(name).inserted { return .repeatedName(name) }
            }
        }
        return nil
    }

    /// Names the parts.
    public init(
        references: [Reference] = [], numbers: [String] = [], categories: [String] = [], vectors: [Vector] = []
    ) {
        self.references = references
        self.numbers = numbers
        self.categories = categories
        self.vectors = vectors
    }

    /// Columns of all vectors together.
    public var vectorColumns: Int { vectors.reduce(0) { $0 + min($1.columns, Self.vectorColumnsMax + 1) } }

    /// Whether there is no side information at all.
    public var isEmpty: Bool {
        references.isEmpty && numbers.isEmpty && categories.isEmpty && vectors.isEmpty
    }

    /// Whether prompts may have numbers, categories or vectors.
    public var hasCovariates: Bool { !numbers.isEmpty || !categories.isEmpty || vectorColumns > 0 }

    /// The code of a category's name: the same in every process, never 0.
    public static func code(of category: String) -> UInt32 {
        max(1, UInt32(truncatingIfNeeded: Digest(of: category).leading))
    }

    /// The bytes of a context's digest.
    func append(to bytes: inout [UInt8]) {
        func append(_ name: String) {
            LittleEndian.append(UInt32(clamping: name.utf8.count), to: &bytes)
            bytes += name.utf8
        }
        for count in [references.count, numbers.count, categories.count, vectors.count] {
            LittleEndian.append(UInt32(clamping: count), to: &bytes)
        }
        for reference in references {
            append(reference.name)
            bytes.append(reference.kind.rawValue)
        }
        for name in numbers + categories { append(name) }
        for vector in vectors {
            append(vector.name)
            LittleEndian.append(UInt32(clamping: vector.columns), to: &bytes)
        }
    }
}
