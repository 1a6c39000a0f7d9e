internal import COpenBLAS

/// Makes OpenBLAS work on the calling thread alone, for the whole process. To be called once, at the start.
///
/// The matrices here are small: handing them to a pool of threads costs more than it saves, keeps the other cores busy
/// waiting, and would let the number of cores decide how sums are split and so the last bits of a forecast.
package func useSingleThreadedBLAS() { openblas_set_num_threads(1) }
