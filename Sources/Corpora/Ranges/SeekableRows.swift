package import JSON

/// A file whose rows can be read by their numbers. Used from one thread.
package protocol SeekableRows: AnyObject {
    /// Some rows, by their numbers from 0. Calls `onProgress` from time to time. Throws where the file has fewer rows, or
    /// cannot be read.
    func rows(_ rows: Range<Int>, onProgress: () -> Void) throws(CorporaError) -> [JSONObject]
}
