/// What a request needs of a model beside reading and writing text. Raw values are keys of fleet files.
public enum ChatNeed: String, Sendable, Codable, CaseIterable, Comparable {
    /// A part of a message is an image.
    case images
    /// A part of a message is sound, or the answer should be.
    case audio
    /// A part of a message is a file, such as a PDF.
    case files
    /// The request defines tools, or a message has a call or its result.
    case tools
    /// The answer must follow a JSON schema.
    case jsonSchema = "json_schema"

    /// By name, for messages.
    public static func < (left: ChatNeed, right: ChatNeed) -> Bool { left.rawValue < right.rawValue }
}
