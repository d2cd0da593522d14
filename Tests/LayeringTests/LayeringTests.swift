import Foundation
import Testing

@Suite("Layers: modules and their imports")
struct LayeringTests {
    private let tree: PackageTree
    private let sources: [PackageTree.File]

    init() throws {
        tree = try PackageTree()
        sources = try tree.files(under: "Sources", withExtension: "swift")
    }

    @Test("a module imports only modules of lower layers")
    func importsPointDown() throws {
        for module in Module.all {
            for name in module.imports {
                let other = try #require(
                    Module.named(name), "\(module.name) imports \(name), which is not in the table")
                #expect(other.layer < module.layer, "\(module.name) (\(module.layer)) imports \(name) (\(other.layer))")
            }
        }
    }

    @Test("every folder of Sources is a module of the table, and Sources/README.md has a line for it")
    func everyFolderIsAModule() throws {
        let readme = try tree.file("Sources/README.md").text
        let folders = Set(
            try tree.files(under: "Sources").compactMap { file -> String? in
                let parts = file.path.split(separator: "/")
                guard parts.count > 2 else { return nil }
                return String(parts[1] == "C" ? parts[2] : parts[1])
            })
        #expect(folders.count >= 15, "found \(folders.sorted())")
        for folder in folders.sorted() {
            #expect(Module.named(folder) != nil, "Sources/\(folder) is not in the table of modules")
            #expect(readme.contains("`\(folder)`"), "Sources/README.md does not know \(folder)")
        }
    }

    @Test("a file imports only what its module may import")
    func imports() throws {
        var count = 0
        for file in sources {
            let parts = file.path.split(separator: "/")
            // Foreign modules stand one folder deeper, in `C`.
            let folder = parts[1] == "C" ? parts[2] : parts[1]
            let module = try #require(Module.named(folder), "\(file) is in no module of the table")
            let allowed = module.imports.union(module.libraries).union(module.system)
            for (number, line) in Self.code(file.lines) {
                guard let name = Self.imported(line) else { continue }
                count += 1
                #expect(allowed.contains(name), "\(file):\(number + 1): \(module.name) may not import \(name)")
            }
        }
        #expect(count > 100, "only \(count) imports were read")
    }

    @Test("the manifest declares exactly the imports and libraries of the table")
    func manifest() throws {
        let text = try tree.file("Package.swift").text
        var products: [String: String] = [:]
        for match in text.matches(of: /let (\w+): Target\.Dependency = \.product\(name: "(\w+)"/) {
            products[String(match.1)] = String(match.2)
        }
        var declared: [String: Set<String>] = [:]
        for match in text.matches(of: /module\(\s*"(\w+)",\s*\[([^\]]*)\]\)/) {
            declared[String(match.1)] = Self.names(match.2, products: products)
        }
        for match in text.matches(of: /executableTarget\(\s*name: "(\w+)",\s*dependencies: \[([^\]]*)\]/) {
            declared[String(match.1)] = Self.names(match.2, products: products)
        }
        for module in Module.all where module.layer > 0 {
            let found = try #require(declared[module.name], "Package.swift does not declare \(module.name)")
            let expected = module.imports.union(module.libraries)
            #expect(
                found == expected,
                "\(module.name): Package.swift has \(found.sorted()), the table \(expected.sorted())")
        }
    }

    @Test("the readers of imports and manifests see what they should")
    func readers() {
        #expect(Self.imported("import Wire") == "Wire")
        #expect(Self.imported("  public import Scoring  // why") == "Scoring")
        #expect(Self.imported("@preconcurrency import Foundation") == "Foundation")
        #expect(Self.imported("internal import struct Foundation.Data") == "Foundation")
        #expect(Self.imported("// import Wire") == nil)
        #expect(Self.imported("let importance = 1") == nil)
        let texts = ["a", "b = \"\"\"", "import json", "\"\"\"", "import Wire"]
        #expect(Self.code(texts.map { $0[...] }).map(\.0) == [0, 1, 4])
        #expect(Self.names("\"Scoring\",\n  crypto", products: ["crypto": "Crypto"]) == ["Scoring", "Crypto"])
    }

    /// Words that a machine cannot use without a clock, a thread, a file or chance of its own.
    @Test("Cluster decides and does nothing: no clock, thread, lock, file, print or chance that it was not given")
    func clusterIsPure() throws {
        let forbidden =
            /\b(await|Task|Mutex|Atomic|ContinuousClock|SuspendingClock|Date|Thread|FileManager|FileHandle|print|SystemRandomNumberGenerator|hashValue|shuffled\(\)|randomElement\(\)|getenv)\b/
        let machines = sources.filter { $0.path.hasPrefix("Sources/Cluster/") }
        #expect(machines.count >= 9)
        for file in machines {
            for (number, line) in file.lines.enumerated() {
                let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                let found = code.firstMatch(of: forbidden).map { String($0.1) }
                #expect(found == nil, "\(file):\(number + 1): \(found ?? "")")
            }
        }
    }

    /// Lines outside texts of several lines, with their numbers: a help text may show a program of another language.
    private static func code(_ lines: [Substring]) -> [(Int, Substring)] {
        var isText = false
        var code: [(Int, Substring)] = []
        for (index, line) in lines.enumerated() {
            if !isText { code.append((index, line)) }
            // An odd number of marks opens a text or ends it.
            if line.ranges(of: "\"\"\"").count % 2 == 1 { isText.toggle() }
        }
        return code
    }

    private static func imported(_ line: some StringProtocol) -> String? {
        let pattern =
            /^\s*(?:@\w+(?:\([^)]*\))?\s+)*(?:(?:public|package|internal|fileprivate|private)\s+)?import\s+(?:(?:struct|class|enum|protocol|func|typealias|let|var)\s+)?(\w+)/
        return String(line).firstMatch(of: pattern).map { String($0.1) }
    }

    /// The dependencies in a list of the manifest: quoted modules, and the products behind names.
    private static func names(_ list: some StringProtocol, products: [String: String]) -> Set<String> {
        Set(
            list.split(separator: ",").map { $0.trimmingCharacters(in: .whitespacesAndNewlines) }
                .filter { !$0.isEmpty }.map {
                    $0.hasPrefix("\"") ? String($0.dropFirst().dropLast()) : products[$0] ?? $0
                })
    }
}
