/// Constants that were fitted on training policies and prompts, never on evaluation ones. Written by
/// `scripts/head/write_constants.py` from the result of `scripts/head/fit.py`; both scripts describe how.
enum GaussianProcessConstants {
    /// By surface feature: mean over training prompts.
    static let surfaceMean: [Double] = [
        5.5976, 3.8789, 1.1867, 1.5824, 1.8508, 0.4309, 0.2213, 0.6929, 0.4176, 4.8015, 0.1739, 0.0338, 0.8601, 0.7606,
        1.0654, 0.4996, 0.4826, 4.9836, 0.7631, 1.4925, 0.436, 0.0411, 0.2046, 0.2319, 0.5059, 0.102, 2.6434, 1.0028,
        0.2134, 1.7875,
    ]
    /// By surface feature: standard deviation over training prompts.
    static let surfaceScale: [Double] = [
        0.9795, 0.9595, 1.2392, 1.3257, 1.4461, 0.8847, 0.6079, 1.034, 0.4007, 1.9503, 0.7191, 0.0434, 0.6367, 1.1201,
        0.9979, 0.9586, 0.8641, 0.8093, 0.1918, 0.9762, 0.7181, 0.2968, 0.6699, 0.6835, 0.7751, 0.2922, 0.426, 0.9706,
        0.4514, 1.0386,
    ]
    /// By surface feature: what policies share, in standard deviations of the reward a unit of the standardised
    /// feature; half the mean over eight sources of the least-squares weights.
    static let surfacePrior: [Double] = [
        -0.0553, -0.0432, -0.0084, -0.0068, -0.0018, -0.0138, -0.0163, -0.0118, 0.013, 0.0103, -0.0032, -0.03, 0.024,
        0.0123, -0.0181, 0.0149, -0.0065, -0.0218, -0.0091, 0.0367, -0.0057, 0.0025, 0.0039, 0.0014, -0.013, -0.0052,
        -0.026, -0.044, -0.0095, 0.0261,
    ]
    /// Logarithm of the calibration's slope at 256 rows.
    static let calibrationSlope = 0.06
    /// Its change each time the context doubles.
    static let calibrationSlopeBySize = -0.0476
    /// Weight of the context's log-odds.
    static let calibrationLevel = 0.9278
    /// ln κ of most likely beliefs on rows of several rollouts.
    static let logConcentration = -0.252
    /// κ of a belief that is only the base rate.
    static let baseRateConcentration = 0.68
}
