CREATE DATABASE :"database" TEMPLATE :"template" STRATEGY wal_log
