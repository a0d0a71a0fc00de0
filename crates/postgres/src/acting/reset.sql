RESET lock_timeout;
RESET ROLE;
RESET search_path;
