#pragma once
#include <cblas.h>

/* LAPACK's Fortran entry points; libopenblas carries them, its headers do not. */
extern void dpotrf_(const char *uplo, const int *n, double *a, const int *lda, int *info);
extern void dpotrs_(const char *uplo, const int *n, const int *nrhs, const double *a, const int *lda, double *b,
                    const int *ldb, int *info);
