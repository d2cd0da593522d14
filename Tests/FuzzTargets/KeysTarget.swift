import Keys

/// Files of keys and tokens.
enum KeysTarget {
    static func run(_ bytes: [UInt8]) -> String? {
        let text = String(decoding: bytes, as: UTF8.self)
        _ = try? TokenFile(text: text, path: "t")
        guard let file = try? KeyFile(text: text, path: "k") else { return nil }
        _ = try? file.pair(path: "k")
        return file.withoutSecret.secretKey == nil ? nil : "a public key has a secret"
    }
}
