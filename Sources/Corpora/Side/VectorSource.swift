public import Scoring

/// Vectors of prompts by id, from a file that the caller has opened: the policy's hidden states, or any embedding.
public struct VectorSource: Sendable {
    /// For people and for the schema.
    public let name: String
    /// Numbers of a vector.
    public let columns: Int
    /// SHA-256 of the file, for the identity of a run.
    public let digest: Digest
    /// An example for messages; `nil` if there is no row.
    let firstID: String?
    private let rows: IDTable
    private let read: @Sendable (Int) -> [Float]

    /// `read` returns the vector of a row, by its index among `ids`. Of ids that are there twice, the first counts.
    public init(
        name: String, columns: Int, digest: Digest, ids: [String], read: @escaping @Sendable (Int) -> [Float]
    ) {
        self.name = name
        self.columns = columns
        self.digest = digest
        self.read = read
        firstID = ids.first
        var rows = IDTable()
        for (index, id) in ids.enumerated() { _ = rows.insert(IDTable.hash(id), number: UInt32(clamping: index)) }
        self.rows = rows
    }

    /// Whether the file has a row for a prompt.
    func has(_ id: String) -> Bool { rows.number(of: IDTable.hash(id)) != nil }

    /// The vector of a prompt; `nil` if the file has none, or one that is not finite.
    func vector(of id: String) -> [Float]? {
        guard let row = rows.number(of: IDTable.hash(id)) else { return nil }
        let vector = read(Int(row))
        return vector.count == columns && vector.allSatisfy(\.isFinite) ? vector : nil
    }
}
