# Writes expected.tsv: each row of cases.tsv evaluated by metafor. Not part of the tests, which read the stored values.
#   Rscript tests/evidence/reference/make.R tests/evidence/reference
# Needs: metafor, lme4, BiasedUrn. "tight" turns the convergence tolerances of metafor's iterations down.
suppressMessages(library(metafor))
here <- commandArgs(trailingOnly = TRUE)[1]
tight <- list(threshold = 1e-13, tol = 1e-13, maxiter = 10000)
coarse <- list(threshold = 1e-8, tol = 1e-10, maxiter = 10000)

one <- function(r) {
  out <- c(estimate = as.vector(r$beta)[1], se = r$se[1], ci_low = r$ci.lb[1], ci_high = r$ci.ub[1])
  if (!is.null(r$tau2)) out <- c(out, tau2 = r$tau2)
  if (!is.null(r$I2)) out <- c(out, i2 = r$I2)
  if (!is.null(r$H2)) out <- c(out, h2 = r$H2)
  if (!is.null(r$QE)) out <- c(out, q = r$QE, q_p = r$QEp)
  out
}
glmm <- function(r) c(estimate = as.vector(r$beta)[1], se = r$se[1], ci_low = r$ci.lb[1], ci_high = r$ci.ub[1],
  tau2 = r$tau2, q = r$QE.LRT)
many <- function(r) {
  out <- c()
  for (i in seq_along(r$beta)) {
    v <- c(r$beta[i], r$se[i], r$ci.lb[i], r$ci.ub[i], r$pval[i])
    names(v) <- paste0("moderator.coefficients.", i - 1, ".", c("estimate", "se", "ci_low", "ci_high", "p"))
    out <- c(out, v)
  }
  c(out, moderator.qm = r$QM, moderator.qm_p = r$QMp, moderator.tau2 = r$tau2, moderator.i2 = r$I2,
    moderator.qe = r$QE, moderator.r2 = r$R2)
}
pint <- function(r, ...) { p <- predict(r, ...); c(pi_low = p$pi.lb, pi_high = p$pi.ub) }
conf <- function(r) { x <- confint(r, control = list(tol = 1e-13, maxiter = 10000))$random; c(tau2_low = x[1, 2], tau2_high = x[1, 3]) }
study <- function(r) setNames(c(r$yi, r$vi, weights(r)), c(paste0("studies.", seq_along(r$yi) - 1, ".yi"),
  paste0("studies.", seq_along(r$yi) - 1, ".vi"), paste0("studies.", seq_along(r$yi) - 1, ".weight")))
natural <- function(r, f, ...) { p <- predict(r, transf = f, ...); c(natural.estimate = p$pred, natural.ci_low = p$ci.lb, natural.ci_high = p$ci.ub) }
loo <- function(r) { x <- leave1out(r); n <- length(x$estimate) - 1
  setNames(c(x$estimate, x$tau2, x$ci.lb), c(paste0("leave_one_out.", 0:n, ".estimate"), paste0("leave_one_out.", 0:n, ".tau2"), paste0("leave_one_out.", 0:n, ".ci_low"))) }
cumul_ <- function(r, o) { x <- cumul(r, order = o); n <- length(x$estimate) - 1
  setNames(c(x$estimate, x$ci.ub), c(paste0("cumulative.", 0:n, ".estimate"), paste0("cumulative.", 0:n, ".ci_high"))) }
egger_ <- function(r) { x <- regtest(r, model = "lm"); c(egger.t = x$zval, egger.df = x$dfs, egger.p = x$pval) }
begg_ <- function(r) { x <- suppressWarnings(ranktest(r)); c(begg.tau = as.vector(x$tau), begg.p = x$pval) }
fill <- function(r) { x <- trimfill(r); c(trim_fill.k0 = x$k0, trim_fill.estimate = as.vector(x$beta), trim_fill.ci_low = x$ci.lb, trim_fill.ci_high = x$ci.ub) }
infl <- function(r) { x <- influence(r); b <- baujat(r, plot = FALSE); f <- x$inf; n <- seq_along(f$rstudent) - 1
  v <- c(f$rstudent, f$dffits, f$cook.d, f$cov.r, f$tau2.del, f$QE.del, f$hat, f$weight)
  setNames(v, as.vector(sapply(c("rstudent", "dffits", "cook", "cov_ratio", "tau2_without", "q_without", "hat", "weight"), function(a) paste0("influence.", n, ".", a)))) }
bau <- function(r) { pdf(NULL); b <- baujat(r); n <- seq_along(b$x) - 1; setNames(c(b$x, b$y), c(paste0("influence.", n, ".baujat_x"), paste0("influence.", n, ".baujat_y"))) }
three <- function(r) c(clustered.estimate = as.vector(r$beta), clustered.se = r$se, clustered.tau2_between = r$sigma2[1], clustered.tau2_within = r$sigma2[2])
dta <- function(d) {
  if (any(d[, c("tp", "fp", "fn", "tn")] == 0)) d[, c("tp", "fp", "fn", "tn")] <- d[, c("tp", "fp", "fn", "tn")] + 0.5
  l <- rbind(data.frame(id = seq_len(nrow(d)), o = "a", yi = log(d$tp / d$fn), vi = 1 / d$tp + 1 / d$fn),
             data.frame(id = seq_len(nrow(d)), o = "b", yi = log(d$fp / d$tn), vi = 1 / d$fp + 1 / d$tn))
  r <- rma.mv(yi, vi, mods = ~ o - 1, random = ~ o | id, struct = "UN", data = l, method = "REML", sparse = FALSE)
  e <- transf.ilogit
  c(accuracy.sensitivity = e(r$beta[1]), accuracy.sensitivity_low = e(r$ci.lb[1]), accuracy.sensitivity_high = e(r$ci.ub[1]),
    accuracy.specificity = 1 - e(r$beta[2]), accuracy.specificity_low = 1 - e(r$ci.ub[2]), accuracy.specificity_high = 1 - e(r$ci.lb[2]),
    accuracy.tau2_sensitivity = r$tau2[1], accuracy.tau2_specificity = r$tau2[2], accuracy.correlation = r$rho)
}

cases <- read.delim(file.path(here, "cases.tsv"), quote = "", colClasses = "character")
rows <- c("id\tquantity\tvalue")
for (i in seq_len(nrow(cases))) {
  d <- read.csv(file.path(here, "data", paste0(cases$data[i], ".csv")))
  v <- eval(parse(text = cases$r[i]))
  v <- v[!is.na(v)]
  rows <- c(rows, paste(cases$id[i], names(v), formatC(v, digits = 15, format = "g"), sep = "\t"))
}
writeLines(rows, file.path(here, "expected.tsv"))
writeLines(c(paste("R", R.version$major, R.version$minor), paste(c("metafor", "lme4", "BiasedUrn"),
  sapply(c("metafor", "lme4", "BiasedUrn"), function(p) as.character(packageVersion(p))))), file.path(here, "versions.txt"))
