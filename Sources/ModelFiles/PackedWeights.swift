import Foundation
package import Kernels
package import Scoring

/// Where packed weights may be kept, so that later workers need not pack and all workers of a host share the pages.
public enum PackedWeightsPlace: Sendable, Equatable {
    /// In `.packed` inside the weights' folder.
    case besideWeights
    /// In a folder of the caller's, made if need be.
    case folder(String)
    /// Nowhere: each process packs for itself.
    case nowhere

    package func path(besideWeightsIn folder: String) -> String? {
        switch self {
        case .besideWeights: "\(folder)/.packed"
        case .folder(let path): path
        case .nowhere: nil
        }
    }
}

/// Where packed weights are.
public enum PackedWeightsOrigin: Sendable, Equatable, CustomStringConvertible {
    /// Mapped from a file that was there.
    case found(file: String)
    /// Packed now, written, and mapped from the file.
    case written(file: String)
    /// In this process's own memory, because there is no file; the reason.
    case ownMemory(reason: String)

    /// Whether other processes that map the same file share the memory.
    public var isShared: Bool {
        if case .ownMemory = self { false } else { true }
    }

    /// For people.
    public var description: String {
        switch self {
        case .found(let file): "\(file), shared, found there"
        case .written(let file): "\(file), shared, written now"
        case .ownMemory(let reason): "in this worker's own memory: \(reason)"
        }
    }
}

/// The weights of all products of a model, each packed in its plan's layout: read-only, from a file shared by all
/// workers if there can be a file.
///
/// The file's head says whose weights these are, and each part's layout, place and size; it is compared byte for byte
/// with what this process would write, and so is the file's size, before anything is read from it. A file is made under
/// another name, with a lock held that makes other workers wait for it, and renamed when all of it is on the disk: a
/// file of the right name is whole. Users who may write into the folder are trusted, as with the weights themselves.
package struct PackedWeights: Sendable {
    /// One product's weight.
    package struct Part: Sendable {
        let name: String
        let plan: ProductPlan

        package init(name: String, plan: ProductPlan) {
            self.name = name
            self.plan = plan
        }
    }

    package let parts: [PackedBytes]
    package let origin: PackedWeightsOrigin

    /// Finds or makes them. `pack` makes one part by its index. Throws what `pack` throws.
    package init(
        _ parts: [Part], of weights: () throws(ModelError) -> Digest, folder: String?,
        pack: (Int) throws(ModelError) -> PackedBytes
    ) throws(ModelError) {
        guard let folder else {
            self.parts = try Self.packAll(parts.count, pack)
            origin = .ownMemory(reason: "no folder for a packed file was given")
            return
        }
        let file = PackedFile(
            head: Self.head(parts, of: try weights()), parts: parts.map(\.plan.packedBytes), in: folder)
        if let found = file.open() {
            (self.parts, origin) = (found, .found(file: file.path))
            return
        }
        switch try file.make(pack) {
        case .success(let (made, isNew)):
            self.parts = made
            origin = isNew ? .written(file: file.path) : .found(file: file.path)
        case .failure(let reason):
            self.parts = try Self.packAll(parts.count, pack)
            origin = .ownMemory(reason: reason.text)
        }
    }

    private static func packAll(
        _ count: Int, _ pack: (Int) throws(ModelError) -> PackedBytes
    ) throws(ModelError) -> [PackedBytes] {
        var packed: [PackedBytes] = []
        for index in 0..<count { packed.append(try pack(index)) }
        return packed
    }

    /// The text that the file starts with: whose weights these are, and each part's name, size and layout.
    private static func head(_ parts: [Part], of weights: Digest) -> String {
        var lines = ["statezero packed weights, version 1", "weights \(weights.hex)"]
        lines += parts.map { "\($0.name) \($0.plan.packedBytes) bytes \($0.plan.layout)" }
        return lines.joined(separator: "\n") + "\n"
    }
}
