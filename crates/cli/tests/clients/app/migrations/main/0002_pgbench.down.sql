DROP TABLE pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history;
