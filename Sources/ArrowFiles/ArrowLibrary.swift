import CArrow
import Foundation

/// Finds and loads the library that connects StateZero with Arrow C++.
///
/// The program does not link it, so that everything but Parquet and Arrow files works without it. `scripts/arrow/install`
/// makes it; it is loaded once, at first use.
package enum ArrowLibrary {
    /// Environment variable with the library's folder.
    package static let variable = "STATEZERO_ARROW"

    package static let fileName = "libstatezero_arrow.so"

    /// Version of Arrow C++, such as "26.0.1". Throws `libraryMissing` or `libraryUnusable`.
    package static func version() throws(ArrowFilesError) -> String {
        String(cString: try table().pointee.arrow_version)
    }

    /// The functions of the library. Cost: loading at the first call, some milliseconds.
    static func table() throws(ArrowFilesError) -> UnsafePointer<statezero_arrow_table> {
        let address = try loaded.get()
        guard let table = UnsafePointer<statezero_arrow_table>(bitPattern: address) else {
            throw .libraryUnusable(path: fileName, reason: "it has no functions")
        }
        return table
    }

    // Addresses, because pointers do not pass between threads; the library is never unloaded.
    private static let loaded: Result<UInt, ArrowFilesError> = Result { () throws(ArrowFilesError) in
        try load(from: folders(of: ProcessInfo.processInfo.environment, program: CommandLine.arguments.first))
    }

    /// The function that opens a Parquet file at a row. Throws `libraryUnusable` for a library of an older release.
    static func openRows() throws(ArrowFilesError) -> statezero_arrow_open_rows_type {
        _ = try table()
        let folders = folders(of: ProcessInfo.processInfo.environment, program: CommandLine.arguments.first)
        let path = try path(in: folders)
        // It is loaded already, so this only finds it.
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL),
            let symbol = dlsym(handle, "statezero_arrow_open_rows")
        else {
            throw .libraryUnusable(
                path: path, reason: "it is of an older release, which reads no rows by their numbers")
        }
        return unsafeBitCast(symbol, to: statezero_arrow_open_rows_type.self)
    }

    /// The folders to search, in order. A folder that the environment names is the only one.
    package static func folders(of environment: [String: String], program: String?) -> [String] {
        if let named = environment[variable], !named.isEmpty { return [named] }
        var folders: [String] = []
        let path = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? program
        if let path {
            let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
            folders += [folder.path + "/arrow", folder.deletingLastPathComponent().path + "/lib/statezero/arrow"]
        }
        if let data = environment["XDG_DATA_HOME"], !data.isEmpty {
            folders.append(data + "/statezero/arrow")
        } else if let home = environment["HOME"], !home.isEmpty {
            folders.append(home + "/.local/share/statezero/arrow")
        }
        return folders + ["/usr/local/lib/statezero/arrow", "/usr/lib/statezero/arrow"]
    }

    /// Whether the library can open a Parquet file at a row.
    package static var readsRows: Bool { (try? openRows()) != nil }

    package static func load(from folders: [String]) throws(ArrowFilesError) -> UInt {
        let path = try path(in: folders)
        guard let handle = dlopen(path, RTLD_NOW | RTLD_LOCAL) else {
            throw .libraryUnusable(path: path, reason: dlerror().map { String(cString: $0) } ?? "dlopen failed")
        }
        guard let symbol = dlsym(handle, "statezero_arrow_functions") else {
            throw .libraryUnusable(path: path, reason: "it is another library")
        }
        guard let table = unsafeBitCast(symbol, to: statezero_arrow_functions_type.self)() else {
            throw .libraryUnusable(path: path, reason: "it has no functions")
        }
        guard table.pointee.version == STATEZERO_ARROW_VERSION else {
            throw .libraryUnusable(
                path: path,
                reason: "its version is \(table.pointee.version), this program needs \(STATEZERO_ARROW_VERSION)")
        }
        return UInt(bitPattern: table)
    }

    private static func path(in folders: [String]) throws(ArrowFilesError) -> String {
        let paths = folders.map { "\($0)/\(fileName)" }
        guard let path = paths.first(where: { access($0, R_OK) == 0 }) else { throw .libraryMissing(searched: folders) }
        return path
    }

    /// Calls a function of the library that reports its error as text; returns that text, or `nil`.
    static func failure(
        _ table: UnsafePointer<statezero_arrow_table>,
        _ call: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Int32
    ) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard call(&text) != 0 else { return nil }
        guard let text else { return "unknown failure" }
        defer { table.pointee.free_text(text) }
        return String(cString: text)
    }
}
