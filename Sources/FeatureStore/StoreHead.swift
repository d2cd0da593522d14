import Scoring

/// The text at the beginning of a store's file: which encoder made the features, and the layout.
struct StoreHead: Equatable {
    let encoder: ModelFingerprint
    let layout: StoreLayout

    private static let title = "statezero features, version 1"

    /// Lines of names and values; the rest of the head is zeros.
    var text: String {
        """
        \(Self.title)
        encoder \(encoder.digest.hex)
        columns \(layout.columns)
        cells \(layout.cells)
        name \(encoder.name.prefix(200).filter { !$0.isNewline })

        """
    }

    init(encoder: ModelFingerprint, layout: StoreLayout) {
        self.encoder = encoder
        self.layout = layout
    }

    /// Reads a head; `nil` unless this version would have written exactly these bytes.
    init?(bytes: some Sequence<UInt8>) {
        let text = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        var values: [Substring: Substring] = [:]
        for line in text.split(separator: "\n").dropFirst() {
            let parts = line.split(separator: " ", maxSplits: 1)
            if parts.count == 2 { values[parts[0]] = parts[1] }
        }
        guard let digest = Digest(hex: String(values["encoder"] ?? "")), let columns = Int(values["columns"] ?? ""),
            let cells = Int(values["cells"] ?? ""), (1...1 << 20).contains(columns),
            (StoreLayout.cellsMin...1 << 40).contains(cells)
        else { return nil }
        self.init(
            encoder: ModelFingerprint(name: String(values["name"] ?? ""), digest: digest),
            layout: StoreLayout(columns: columns, cells: cells))
        guard self.text == text else { return nil }
    }
}
