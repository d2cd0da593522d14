/// The folder of a feature store, and its maximum size.
public struct StorePlace: Sendable, Equatable {
    /// Its folder.
    public var folder: StoreFolder
    /// Maximum size in bytes; `nil` accepts a store as it is, or creates one of the default size.
    public var bytesMax: Int?

    /// Names a place.
    public init(folder: StoreFolder, bytesMax: Int? = nil) {
        self.folder = folder
        self.bytesMax = bytesMax
    }
}
