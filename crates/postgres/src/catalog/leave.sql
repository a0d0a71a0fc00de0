-- Puts the settings back that enter.sql changed.
SELECT set_config('search_path', $1, true), set_config('enable_seqscan', $2, true),
       set_config('enable_hashjoin', $3, true), set_config('enable_mergejoin', $4, true),
       set_config('jit', $5, true), set_config('row_security', $6, true)
