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
    /// Nothing but texts.
    public static let none = SideSchema()

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
    public var vectorColumns: Int { vectors.reduce(0) { $0 + $1.columns } }

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
