/// Which references an evaluation gives to the heads.
///
/// An arm is drawn anew for every draw of a policy, on context rows and queries. Except for `earlier`, no version of the
/// predicted policy is a reference: its outcomes on the queries are what is to be predicted.
public enum ReferenceArm: Hashable, Sendable, Codable, LosslessStringConvertible {
    /// No references.
    case none
    /// K other policies of the source, drawn by seed. A smaller K has the first ones of a larger K.
    case others(Int)
    /// The same K policies, their outcomes exchanged among their prompts: they say nothing.
    case shuffled(Int)
    /// The same K policies; the last one says the opposite.
    case inverted(Int)
    /// The K latest earlier versions of the predicted policy. Only right for a training run, which knows its past.
    case earlier(Int)
    /// Policies of the files given.
    case files

    /// Most references of an arm.
    public static let countMax = 63

    /// `none`, `files`, or `others:3` and the like, with 1 to 63 references.
    public init?(_ description: String) {
        switch description {
        case "none": self = .none
        case "files": self = .files
        default:
            let parts = description.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let count = Int(parts[1]), count >= 1, count <= Self.countMax else { return nil }
            switch parts[0] {
            case "others": self = .others(count)
            case "shuffled": self = .shuffled(count)
            case "inverted": self = .inverted(count)
            case "earlier": self = .earlier(count)
            default: return nil
            }
        }
    }

    /// As `init` reads it.
    public var description: String {
        switch self {
        case .none: "none"
        case .others(let count): "others:\(count)"
        case .shuffled(let count): "shuffled:\(count)"
        case .inverted(let count): "inverted:\(count)"
        case .earlier(let count): "earlier:\(count)"
        case .files: "files"
        }
    }

    /// Reads what `encode` writes.
    public init(from decoder: any Decoder) throws {
        let text = try decoder.singleValueContainer().decode(String.self)
        guard let arm = ReferenceArm(text) else {
            throw DecodingError.dataCorrupted(
                .init(codingPath: decoder.codingPath, debugDescription: "\(text) is no arm of references"))
        }
        self = arm
    }

    /// Writes `description`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
